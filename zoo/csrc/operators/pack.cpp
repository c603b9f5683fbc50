#include "operators/pack.h"

#include "operators/checks.h"

namespace zoo::engine {
namespace {

// The cell of an operator that the nonlinearity names.
Cell find_cell(const OperatorName& op, std::string_view nonlinearity) {
  std::vector<std::string_view> known;
  for (const CellSpec& cell : kCells) {
    if (cell.op != op.name) continue;
    if (cell.nonlinearity == nonlinearity) return cell.cell;
    known.push_back(cell.nonlinearity);
  }
  fail(op, "nonlinearity must be ", alternatives(known), ", got '", nonlinearity, "'");
}

// Sizes follow from the first layer's weights; every other tensor is then checked against them.
StackSizes infer_sizes(const OperatorName& op, const std::vector<Tensor>& weights, bool has_biases,
                       int64_t num_layers, bool bidirectional, Cell cell, Precision precision) {
  const size_t directions = bidirectional ? 2 : 1;
  const size_t layers = static_cast<size_t>(num_layers < 1 ? 0 : num_layers) * directions;
  if (layers == 0) fail(op, "num_layers must be at least 1, got ", num_layers);
  const size_t plain = has_biases ? 4 : 2;
  const size_t each = weights.size() / layers;
  const bool projection = spec(cell).projects && each == plain + 1;
  if (weights.size() % layers != 0 || (each != plain && !projection)) {
    fail(op, "expected ", plain, " weights for each of ", layers, " layers and directions, got ",
         weights.size(), " in all; pass the module's _flat_weights");
  }
  check_floats(op, "weight_ih", weights[0], {-1, -1});
  check_floats(op, "weight_hh", weights[1], {weights[0].size(0), -1});
  const int64_t input_size = weights[0].size(1), hidden_size = weights[0].size(0) / spec(cell).num_gates;
  if (input_size < 1 || hidden_size < 1 || input_size > kLargestSize || hidden_size > kLargestSize) {
    fail(op, "expected input_size and hidden_size between 1 and ", kLargestSize, ", got ", input_size,
         " and ", hidden_size, " from weight_ih of shape ", shape_text(weights[0]));
  }
  StackSizes sizes;
  sizes.cell = cell;
  sizes.precision = precision;
  sizes.num_layers = static_cast<int>(num_layers);
  sizes.num_directions = static_cast<int>(directions);
  sizes.input_size = static_cast<int>(input_size);
  sizes.hidden_size = static_cast<int>(hidden_size);
  sizes.proj_size = projection ? static_cast<int>(weights[1].size(1)) : 0;
  return sizes;
}

}  // namespace

Tensor pack(std::string_view name, std::string_view nonlinearity, const std::vector<Tensor>& weights,
            bool has_biases, int64_t num_layers, bool bidirectional, const std::string& precision) {
  const OperatorName op("pack_", name, "");
  const StackSizes s = infer_sizes(op, weights, has_biases, num_layers, bidirectional,
                                   find_cell(op, nonlinearity), find_precision(op, precision));
  const Tensor packed = empty_bytes(static_cast<int64_t>(packed_bytes(s)));
  auto* bytes = static_cast<uint8_t*>(packed.data_ptr());
  write_header(s, bytes);

  size_t next = 0;
  for (int layer = 0; layer < s.num_layers; ++layer) {
    for (int direction = 0; direction < s.num_directions; ++direction) {
      const int64_t rows = static_cast<int64_t>(s.gates()) * s.hidden_size;
      const auto take = [&](const char* name, std::initializer_list<int64_t> dims) {
        return contiguous_floats(op, name, weights[next++], dims);
      };
      const Tensor weight_ih = take("weight_ih", {rows, s.layer_input_size(layer)});
      const Tensor weight_hh = take("weight_hh", {rows, s.output_size()});
      LayerWeights layer_weights = {read(weight_ih), read(weight_hh), nullptr, nullptr, nullptr};
      Tensor bias_ih, bias_hh, weight_hr;
      if (has_biases) {
        bias_ih = take("bias_ih", {rows});
        bias_hh = take("bias_hh", {rows});
        layer_weights.bias_ih = read(bias_ih);
        layer_weights.bias_hh = read(bias_hh);
      }
      if (s.proj_size > 0) {
        weight_hr = take("weight_hr", {s.proj_size, s.hidden_size});
        layer_weights.weight_hr = read(weight_hr);
      }
      pack_layer(s, layer, direction, layer_weights, bytes);
    }
  }
  return packed;
}

std::vector<Tensor> unpack(const Tensor& packed) {
  const StackSizes s = check_packed("unpack", packed);
  std::vector<Tensor> weights;
  for (int layer = 0; layer < s.num_layers; ++layer) {
    for (int direction = 0; direction < s.num_directions; ++direction) {
      const int64_t rows = static_cast<int64_t>(s.gates()) * s.hidden_size;
      const size_t first = weights.size();
      weights.push_back(empty_floats({rows, s.layer_input_size(layer)}));
      weights.push_back(empty_floats({rows, s.output_size()}));
      weights.push_back(empty_floats({rows}));
      weights.push_back(empty_floats({rows}));
      if (s.proj_size > 0) weights.push_back(empty_floats({s.proj_size, s.hidden_size}));
      unpack_layer(s, layer, direction, static_cast<const uint8_t*>(packed.data_ptr()),
                   {write(weights[first]), write(weights[first + 1]), write(weights[first + 2]),
                    write(weights[first + 3]), s.proj_size > 0 ? write(weights[first + 4]) : nullptr});
    }
  }
  return weights;
}

Tensor fix_ranges(const Tensor& packed, const Tensor& ranges) {
  const OperatorName op("fix_ranges");
  StackSizes s = check_packed(op, packed);
  if (s.precision != Precision::int8) fail(op, "expected packed weights in int8");
  s.fixed_ranges = true;
  const Tensor numbers = check_ranges(op, ranges, {s.state_rows(), 3, 2});
  const Tensor fixed = empty_bytes(static_cast<int64_t>(packed_bytes(s)));
  fix_ranges(s, static_cast<const uint8_t*>(packed.data_ptr()), read(numbers),
             static_cast<uint8_t*>(fixed.data_ptr()));
  return fixed;
}

std::vector<int64_t> packed_sizes(const Tensor& packed) {
  const StackSizes s = check_packed("packed_sizes", packed);
  return {static_cast<int64_t>(s.cell),
          static_cast<int64_t>(s.precision),
          s.num_layers,
          s.num_directions,
          s.input_size,
          s.hidden_size,
          s.proj_size};
}

}  // namespace zoo::engine
