// All operator schemas. They stand on torch's stable ABI.

#include <torch/csrc/stable/library.h>

#include "include/zoo_ops.h"
#include "operators/bound_call.h"
#include "operators/engine_operators.h"
#include "operators/pack_operators.h"
#include "operators/recurrent_operators.h"

STABLE_TORCH_LIBRARY(zoo, m) {
  m.def(
      "pack_lstm(Tensor[] weights, bool has_biases, int num_layers, bool bidirectional, "
      "str precision) -> Tensor");
  m.def(
      "pack_gru(Tensor[] weights, bool has_biases, int num_layers, bool bidirectional, "
      "str precision) -> Tensor");
  m.def(
      "pack_rnn(Tensor[] weights, bool has_biases, int num_layers, bool bidirectional, "
      "str precision, str nonlinearity) -> Tensor");
  m.def("unpack(Tensor packed) -> Tensor[]");
  m.def("packed_sizes(Tensor packed) -> int[]");

  m.def(
      "lstm(Tensor input, Tensor h_0, Tensor c_0, Tensor packed, bool bidirectional, bool batch_first) "
      "-> (Tensor, Tensor, Tensor)");
  m.def(
      "gru(Tensor input, Tensor h_0, Tensor packed, bool bidirectional, bool batch_first) -> (Tensor, "
      "Tensor)");
  m.def(
      "rnn(Tensor input, Tensor h_0, Tensor packed, bool bidirectional, bool batch_first) -> (Tensor, "
      "Tensor)");

  m.def(
      "lstm_packed_sequence(Tensor data, Tensor batch_sizes, Tensor h_0, Tensor c_0, Tensor packed, "
      "bool bidirectional) -> (Tensor, Tensor, Tensor)");
  m.def(
      "gru_packed_sequence(Tensor data, Tensor batch_sizes, Tensor h_0, Tensor packed, bool bidirectional) "
      "-> (Tensor, Tensor)");
  m.def(
      "rnn_packed_sequence(Tensor data, Tensor batch_sizes, Tensor h_0, Tensor packed, bool bidirectional) "
      "-> (Tensor, Tensor)");

  m.def("lstm_cell(Tensor input, Tensor h_0, Tensor c_0, Tensor packed) -> (Tensor, Tensor)");
  m.def("gru_cell(Tensor input, Tensor h_0, Tensor packed) -> Tensor");
  m.def("rnn_cell(Tensor input, Tensor h_0, Tensor packed) -> Tensor");

  m.def("bind(Tensor input, Tensor[] states, Tensor packed, bool batch_first, Tensor[] results) -> Tensor");

  m.def("sigmoid(Tensor x) -> Tensor");
  m.def("tanh(Tensor x) -> Tensor");
  m.def("refined_tanh(Tensor x) -> Tensor");
  m.def("isa() -> str");
  m.def("force_isa(str isa) -> str");
}

STABLE_TORCH_LIBRARY_IMPL(zoo, CPU, m) {
  m.impl("pack_lstm", TORCH_BOX(&zoo::pack_lstm));
  m.impl("pack_gru", TORCH_BOX(&zoo::pack_gru));
  m.impl("pack_rnn", TORCH_BOX(&zoo::pack_rnn));
  m.impl("unpack", TORCH_BOX(&zoo::unpack));
  m.impl("packed_sizes", TORCH_BOX(&zoo::packed_sizes));

  m.impl("lstm", TORCH_BOX(&zoo::lstm));
  m.impl("gru", TORCH_BOX(&zoo::gru));
  m.impl("rnn", TORCH_BOX(&zoo::rnn));
  m.impl("lstm_packed_sequence", TORCH_BOX(&zoo::lstm_packed_sequence));
  m.impl("gru_packed_sequence", TORCH_BOX(&zoo::gru_packed_sequence));
  m.impl("rnn_packed_sequence", TORCH_BOX(&zoo::rnn_packed_sequence));
  m.impl("lstm_cell", TORCH_BOX(&zoo::lstm_cell));
  m.impl("gru_cell", TORCH_BOX(&zoo::gru_cell));
  m.impl("rnn_cell", TORCH_BOX(&zoo::rnn_cell));

  m.impl("bind", TORCH_BOX(&zoo::bind));

  m.impl("sigmoid", TORCH_BOX(&zoo::sigmoid));
  m.impl("tanh", TORCH_BOX(&zoo::tanh));
  m.impl("refined_tanh", TORCH_BOX(&zoo::refined_tanh));
}

STABLE_TORCH_LIBRARY_IMPL(zoo, CompositeExplicitAutograd, m) {
  m.impl("isa", TORCH_BOX(&zoo::isa));
  m.impl("force_isa", TORCH_BOX(&zoo::force_isa_operator));
}

const char* zoo_ops_namespace() { return "zoo"; }
