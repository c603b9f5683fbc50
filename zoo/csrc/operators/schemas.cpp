// All operator schemas, registered through torch's stable ABI.

#include <torch/csrc/stable/library.h>

#include <string>
#include <utility>

#include "operators/bind.h"
#include "operators/engine_info.h"
#include "operators/linear.h"
#include "operators/pack.h"
#include "operators/recurrent.h"
#include "operators/sliding.h"

namespace zoo::engine {
namespace {

using Library = torch::stable::detail::StableLibrary;

// Whether a cell is the first that has its operators; cells that a nonlinearity tells apart have the same
// ones.
constexpr bool names_operators(const CellSpec& cell) {
  for (const CellSpec& before : kCells) {
    if (before.op == cell.op) return before.cell == cell.cell;
  }
  return false;
}

// What the operators of a cell are called.
struct Names {
  std::string padded, packed_sequence, cell, pack;

  explicit Names(const CellSpec& spec)
      : padded(spec.op),
        packed_sequence(padded + "_packed_sequence"),
        cell(padded + "_cell"),
        pack("pack_" + padded) {}
};

// For lstm, the first cell of the table:
//   pack_lstm(Tensor[] weights, bool has_biases, int num_layers, bool bidirectional, str precision) -> Tensor
//   lstm(Tensor input, Tensor h_0, Tensor c_0, Tensor packed, bool bidirectional, bool batch_first)
//     -> (Tensor, Tensor, Tensor)
//   lstm_packed_sequence(Tensor data, Tensor batch_sizes, Tensor h_0, Tensor c_0, Tensor packed, bool
//   bidirectional)
//     -> (Tensor, Tensor, Tensor)
//   lstm_cell(Tensor input, Tensor h_0, Tensor c_0, Tensor packed) -> (Tensor, Tensor)
// A cell without a c has neither c_0 nor the last result.
void define_cell(Library& library, const CellSpec& spec) {
  const Names names(spec);
  const auto def = [&](const std::string& schema) { library.def(schema.c_str()); };
  const std::string states = spec.has_c ? "Tensor h_0, Tensor c_0" : "Tensor h_0";
  const std::string output = spec.has_c ? "(Tensor, Tensor, Tensor)" : "(Tensor, Tensor)";
  const std::string nonlinearity = spec.nonlinearity.empty() ? "" : ", str nonlinearity";
  def(names.pack + "(Tensor[] weights, bool has_biases, int num_layers, bool bidirectional, str precision" +
      nonlinearity + ") -> Tensor");
  def(names.padded + "(Tensor input, " + states +
      ", Tensor packed, bool bidirectional, bool batch_first) -> " + output);
  def(names.packed_sequence + "(Tensor data, Tensor batch_sizes, " + states +
      ", Tensor packed, bool bidirectional) -> " + output);
  def(names.cell + "(Tensor input, " + states + ", Tensor packed) -> " +
      (spec.has_c ? "(Tensor, Tensor)" : "Tensor"));
}

template <Cell CELL>
void implement_cell(Library& library) {
  if constexpr (names_operators(spec(CELL))) {
    const Names names(spec(CELL));
    library.impl(names.pack.c_str(), TORCH_BOX(&Pack<CELL>::run));
    library.impl(names.padded.c_str(), TORCH_BOX(&Recurrent<CELL>::padded));
    library.impl(names.packed_sequence.c_str(), TORCH_BOX(&Recurrent<CELL>::packed_sequence));
    library.impl(names.cell.c_str(), TORCH_BOX(&Recurrent<CELL>::cell));
  }
}

template <std::size_t... INDICES>
void implement_cells(Library& library, std::index_sequence<INDICES...>) {
  (implement_cell<kCells[INDICES].cell>(library), ...);
}

}  // namespace
}  // namespace zoo::engine

STABLE_TORCH_LIBRARY(zoo, m) {
  for (const zoo::engine::CellSpec& cell : zoo::engine::kCells) {
    if (zoo::engine::names_operators(cell)) zoo::engine::define_cell(m, cell);
  }
  m.def("unpack(Tensor packed) -> Tensor[]");
  m.def("packed_sizes(Tensor packed) -> int[]");
  m.def("fix_ranges(Tensor packed, Tensor ranges) -> Tensor");
  m.def("pack_linear(Tensor weight, Tensor? bias, str precision) -> Tensor");
  m.def("linear(Tensor input, Tensor packed) -> Tensor");
  m.def("fix_linear_range(Tensor packed, Tensor range) -> Tensor");
  m.def("unpack_linear(Tensor packed) -> Tensor[]");
  m.def(
      "pack_log_bands(Tensor window, Tensor filters, int step, float floor, Tensor? mean, Tensor? std) -> "
      "Tensor");
  m.def("pack_convolution(Tensor weight, Tensor? bias, int step, bool relu) -> Tensor");
  m.def("slide(Tensor input, Tensor packed) -> Tensor");
  m.def("sliding_sizes(Tensor packed) -> int[]");
  m.def("bind(Tensor input, Tensor[] states, Tensor packed, bool batch_first, Tensor[] results) -> Tensor");
  m.def("sigmoid(Tensor x) -> Tensor");
  m.def("tanh(Tensor x) -> Tensor");
  m.def("refined_tanh(Tensor x) -> Tensor");
  m.def("isa() -> str");
  m.def("force_isa(str isa) -> str");
  m.def("engine_tables() -> str");
}

STABLE_TORCH_LIBRARY_IMPL(zoo, CPU, m) {
  zoo::engine::implement_cells(m, std::make_index_sequence<std::size(zoo::engine::kCells)>());
  m.impl("unpack", TORCH_BOX(&zoo::engine::unpack));
  m.impl("packed_sizes", TORCH_BOX(&zoo::engine::packed_sizes));
  m.impl("fix_ranges", TORCH_BOX(&zoo::engine::fix_ranges));
  m.impl("pack_linear", TORCH_BOX(&zoo::engine::pack_linear_operator));
  m.impl("linear", TORCH_BOX(&zoo::engine::linear_operator));
  m.impl("fix_linear_range", TORCH_BOX(&zoo::engine::fix_linear_range_operator));
  m.impl("unpack_linear", TORCH_BOX(&zoo::engine::unpack_linear_operator));
  m.impl("pack_log_bands", TORCH_BOX(&zoo::engine::pack_log_bands_operator));
  m.impl("pack_convolution", TORCH_BOX(&zoo::engine::pack_convolution_operator));
  m.impl("slide", TORCH_BOX(&zoo::engine::slide));
  m.impl("sliding_sizes", TORCH_BOX(&zoo::engine::sliding_sizes));
  m.impl("bind", TORCH_BOX(&zoo::engine::bind));
  m.impl("sigmoid", TORCH_BOX(&zoo::engine::sigmoid));
  m.impl("tanh", TORCH_BOX(&zoo::engine::tanh));
  m.impl("refined_tanh", TORCH_BOX(&zoo::engine::refined_tanh));
}

STABLE_TORCH_LIBRARY_IMPL(zoo, CompositeExplicitAutograd, m) {
  m.impl("isa", TORCH_BOX(&zoo::engine::isa));
  m.impl("force_isa", TORCH_BOX(&zoo::engine::force_isa_operator));
  m.impl("engine_tables", TORCH_BOX(&zoo::engine::engine_tables));
}
