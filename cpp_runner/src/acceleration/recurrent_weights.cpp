#include "acceleration/recurrent_weights.h"

#include <torch/csrc/jit/ir/constants.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace zoo {
namespace {

using torch::jit::Node;
using torch::jit::Value;
namespace aten = c10::aten;
namespace prim = c10::prim;

c10::IValue constant(const Value& value, std::string_view what) {
  if (auto found = torch::jit::toIValue(&value)) return std::move(*found);
  throw Unmatched(std::string(what) + " may change while the program runs");
}

// The elements of a list that is constructed, perhaps appended to, and then only read.
std::vector<Value*> list_elements(Value& list, Node& reader) {
  Node* const maker = list.node();
  if (maker->kind() != prim::ListConstruct) throw Unmatched("its weights are not in a list of constants");
  std::vector<Value*> elements(maker->inputs().begin(), maker->inputs().end());
  std::vector<Node*> appends;
  for (const auto& use : list.uses()) {
    if (use.user == &reader) continue;
    const bool appended_before = use.user->kind() == aten::append &&
                                 use.user->owningBlock() == maker->owningBlock() && !use.user->hasUses() &&
                                 use.user->isBefore(&reader);
    if (!appended_before) throw Unmatched("its list of weights is used elsewhere, where it may be changed");
    appends.push_back(use.user);
  }
  std::ranges::sort(appends, [](const Node* a, const Node* b) { return a->isBefore(b); });
  for (Node* append : appends) elements.push_back(append->inputs()[1]);
  return elements;
}

at::Tensor float_weights(const c10::IValue& value) {
  if (!value.isTensor()) throw Unmatched("a weight is not a tensor");
  const at::Tensor& tensor = value.toTensor();
  if (!tensor.device().is_cpu()) throw Unmatched("its weights are not on the CPU");
  if (tensor.scalar_type() != at::kFloat || tensor.layout() != at::kStrided) {
    throw Unmatched(std::string("its weights are ") + c10::toString(tensor.scalar_type()) + ", not float32");
  }
  return tensor.resolve_neg();  // weights are told apart by their memory
}

std::vector<at::Tensor> float_list(Value& params, Node& node) {
  std::vector<at::Tensor> tensors;
  if (const auto list = torch::jit::toIValue(&params)) {
    for (const at::Tensor& tensor : list->toTensorVector()) tensors.push_back(float_weights(tensor));
    return tensors;
  }
  for (const Value* element : list_elements(params, node)) {
    tensors.push_back(float_weights(constant(*element, "a weight")));
  }
  return tensors;
}

c10::IValue call(const c10::IValue& object, const std::string& method) {
  torch::jit::Function& function = object.toObjectRef().type()->getMethod(method);
  torch::jit::Stack stack{object};
  function.run(stack);
  return stack.back();
}

struct PackedLinear {
  at::Tensor weight, bias;  // float32; the bias may be undefined
  bool quantized = false;   // to int8; otherwise to float16
};

PackedLinear unpack_linear(const c10::IValue& packed) {
  const c10::IValue unpacked = call(packed, "unpack");
  const auto& parts = unpacked.toTupleRef().elements();
  const at::Tensor& weight = parts[0].toTensor();
  return {weight.is_quantized() ? weight.dequantize() : weight.to(at::kFloat),
          parts[1].isTensor() ? parts[1].toTensor() : at::Tensor(), weight.is_quantized()};
}

// The biases are inside the packed linears; the operators ignore those that they are given besides.
void take_quantized(const c10::IValue& packed_ih, const c10::IValue& packed_hh, RecurrentWeights& weights) {
  const PackedLinear ih = unpack_linear(packed_ih), hh = unpack_linear(packed_hh);
  if (!ih.bias.defined() || !hh.bias.defined()) throw Unmatched("its quantized weights have no biases");
  weights.origin = ih.quantized ? "int8" : "float16";
  weights.tensors.insert(weights.tensors.end(), {ih.weight, hh.weight, ih.bias, hh.bias});
}

// One layer and direction of PyTorch's dynamic quantization: CellParamsBase.__getstate__ is (kind, tensors,
// doubles, longs, packed linears).
void take_quantized_layer(const c10::IValue& params, RecurrentWeights& weights) {
  const c10::IValue state = call(params, "__getstate__");
  const std::vector<c10::IValue> parts = state.toTupleRef().elements().vec();
  const std::string kind = parts[0].toStringRef();
  const auto linears = parts[4].toListRef();
  if ((kind != "quantized_dynamic" && kind != "quantized_fp16") || linears.size() != 2) {
    throw Unmatched("its weights are quantized as '" + kind + "', which the engine cannot read");
  }
  take_quantized(linears[0], linears[1], weights);
}

void take_cell(Node& node, const RecurrentOperator& op, RecurrentWeights& weights) {
  const c10::IValue w_ih = constant(*node.namedInput("w_ih"), "a weight");
  const c10::IValue w_hh = constant(*node.namedInput("w_hh"), "a weight");
  if (op.quantized) return take_quantized(w_ih, w_hh, weights);
  const c10::IValue b_ih = constant(*node.namedInput("b_ih"), "a bias");
  const c10::IValue b_hh = constant(*node.namedInput("b_hh"), "a bias");
  if (b_ih.isNone() != b_hh.isNone()) throw Unmatched("it has one bias of two");
  weights.has_biases = !b_ih.isNone();
  weights.tensors = {float_weights(w_ih), float_weights(w_hh)};
  if (weights.has_biases)
    weights.tensors.insert(weights.tensors.end(), {float_weights(b_ih), float_weights(b_hh)});
}

void take_stack(Node& node, const RecurrentOperator& op, RecurrentWeights& weights) {
  const bool train = constant(*node.namedInput("train"), "whether it trains").toBool();
  const double dropout = constant(*node.namedInput("dropout"), "its dropout").toDouble();
  if (train && dropout > 0) throw Unmatched("it is in training mode, with dropout");
  weights.num_layers = constant(*node.namedInput("num_layers"), "the number of layers").toInt();
  weights.bidirectional = constant(*node.namedInput("bidirectional"), "the number of directions").toBool();
  Value& params = *node.namedInput("params");
  if (!op.quantized) {
    weights.has_biases = constant(*node.namedInput("has_biases"), "whether it has biases").toBool();
    weights.tensors = float_list(params, node);
    return;
  }
  for (const Value* element : list_elements(params, node)) {
    take_quantized_layer(constant(*element, "a weight"), weights);
  }
}

}  // namespace

std::optional<RecurrentOperator> find_recurrent_operator(const Node& node) {
  const std::string name = node.kind().toQualString();
  for (const engine::CellSpec& spec : engine::kCells) {
    const std::string c(spec.name);
    if (name == "aten::" + c + "_cell") return RecurrentOperator{spec.cell, CallForm::cell, false};
    if (name == "quantized::quantized_" + c + "_cell_dynamic") {
      return RecurrentOperator{spec.cell, CallForm::cell, true};
    }
    if (name != "aten::" + c && name != "aten::quantized_" + c) continue;
    const std::string& overload = node.schema().overload_name();
    if (overload != "input" && overload != "data")
      throw Unmatched("an old PyTorch wrote its form '" + overload + "'");
    const CallForm form = overload == "input" ? CallForm::padded : CallForm::packed_sequence;
    return RecurrentOperator{spec.cell, form, name != "aten::" + c};
  }
  return std::nullopt;
}

RecurrentWeights take_weights(Node& node, const RecurrentOperator& op) {
  RecurrentWeights weights;
  weights.cell = op.cell;
  weights.origin = "float32";
  if (op.form == CallForm::cell) {
    take_cell(node, op, weights);
  } else {
    take_stack(node, op, weights);
  }
  return weights;
}

}  // namespace zoo
