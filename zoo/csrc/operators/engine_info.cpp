#include "operators/engine_info.h"

#include <torch/csrc/stable/ops.h>

#include <vector>

#include "engine/isa.h"
#include "operators/checks.h"
#include "operators/run_stack.h"

namespace zoo::engine {
namespace {

Tensor apply(const char* op, const Tensor& x, void (*function)(const float*, float*, int64_t) noexcept) {
  const Tensor flat = contiguous_floats(op, "x", x, {-1});
  const Tensor out = empty_floats({flat.numel()});
  function(static_cast<const float*>(flat.data_ptr()), static_cast<float*>(out.data_ptr()), flat.numel());
  return out;
}

// A JSON list of names, none of which needs escaping.
std::string json_list(const std::vector<std::string_view>& names) {
  std::string text;
  for (const std::string_view name : names) text += (text.empty() ? "\"" : ", \"") + std::string(name) + "\"";
  return "[" + text + "]";
}

std::string json_object(const CellSpec& cell) {
  std::ostringstream text;
  text << std::boolalpha << "{\"name\": \"" << cell.name << "\", \"op\": \"" << cell.op
       << "\", \"nonlinearity\": \"" << cell.nonlinearity << "\", \"num_gates\": " << cell.num_gates
       << ", \"has_c\": " << cell.has_c << ", \"projects\": " << cell.projects
       << ", \"gate_with_two_biases\": " << cell.gate_with_two_biases << "}";
  return text.str();
}

}  // namespace

Tensor sigmoid(const Tensor& x) { return apply("sigmoid", x, kernels_in_use().sigmoid); }
Tensor tanh(const Tensor& x) { return apply("tanh", x, kernels_in_use().tanh); }
Tensor refined_tanh(const Tensor& x) { return apply("refined_tanh", x, kernels_in_use().refined_tanh); }

std::string isa() {
  kernels_in_use();  // throws if there are none
  return std::string(isa_name());
}

std::string force_isa_operator(const std::string& name) {
  const std::string before = isa();
  if (!force_isa(name)) {
    fail("force_isa", "this processor has no '", name, "'; use ", alternatives(isa_names()),
         ", if it has them");
  }
  return before;
}

std::string engine_tables() {
  std::string cells;
  for (const CellSpec& cell : kCells) cells += (cells.empty() ? "" : ", ") + json_object(cell);
  return "{\"isas\": " + json_list(isa_names()) +
         ", \"precisions\": " + json_list({std::begin(kPrecisionNames), std::end(kPrecisionNames)}) +
         ", \"cells\": [" + cells + "]}";
}

}  // namespace zoo::engine
