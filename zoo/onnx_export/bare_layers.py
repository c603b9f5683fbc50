"""PyTorch's recurrent layers alone as ONNX, in sizes that are fixed: what a benchmark of runtimes wants."""

from __future__ import annotations

from torch import nn

from zoo.onnx_export.graph import Graph, describe
from zoo.onnx_export.int8 import quantize_model
from zoo.onnx_export.recurrent import add_layers


def layers_to_onnx(rnn: nn.RNNBase, seq_len: int, batch_size: int, *, int8: bool = False) -> bytes:
    """Return an `nn.LSTM`, `nn.GRU` or `nn.RNN` as an ONNX model, a native node for each layer.

    The inputs are `input` (seq_len, batch, features), `h_0` and for an LSTM `c_0` (layers * directions, batch, units);
    the outputs `output` (seq_len, batch, directions * units), `h_n` and `c_n`.

    Args:
        rnn: without a projection.
        seq_len: steps of the input.
        batch_size: rows of the input.
        int8: 8-bit weights by ONNX Runtime's quantizer, which takes an `nn.LSTM` only.

    Raises:
        OnnxError: `int8` for another layer.
    """
    graph = Graph()
    states = ["h", "c"] if isinstance(rnn, nn.LSTM) else ["h"]
    directions = 2 if rnn.bidirectional else 1
    state_dims = [rnn.num_layers * directions, batch_size, rnn.hidden_size]
    starts = [f"{state}_0" for state in states]
    output, finals = add_layers(graph, "rnn", rnn, "input", None, starts)
    ends = [f"{state}_n" for state in states]
    for value, name in zip([output, *finals], ["output", *ends], strict=True):
        graph.rename(value, name)
    dims = {"input": rnn.input_size, "output": directions * rnn.hidden_size}
    ports = {name: describe(name, "float32", [seq_len, batch_size, size]) for name, size in dims.items()}
    proto = graph.to_model(
        [ports["input"], *(describe(name, "float32", state_dims) for name in starts)],
        [ports["output"], *(describe(name, "float32", state_dims) for name in ends)],
        type(rnn).__name__,
    )
    if int8:
        proto, _ = quantize_model(proto)
    content: bytes = proto.SerializeToString()
    return content
