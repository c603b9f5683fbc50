"""PyTorch's recurrent layers alone as ONNX: ONNX Runtime gives their numbers, and finds a node for each layer."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import zoo

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

LAYERS: list[nn.RNNBase] = [
    nn.LSTM(5, 7),
    nn.LSTM(5, 7, 2, bidirectional=True),
    nn.GRU(5, 7, 3),
    nn.GRU(5, 7, bias=False),
    nn.RNN(5, 7, nonlinearity="relu", bidirectional=True),
]


@pytest.mark.parametrize("layers", LAYERS, ids=str)
@torch.no_grad()
def test_onnx_runtime_gives_the_numbers_of_the_layers(layers: Any) -> None:
    rows = layers.num_layers * (2 if layers.bidirectional else 1)
    states = ["h", "c"] if isinstance(layers, nn.LSTM) else ["h"]
    given = {"input": torch.randn(9, 3, 5), **{f"{state}_0": torch.randn(rows, 3, 7).tanh() for state in states}}
    starts = tuple(given.values())[1:]
    output, finals = layers(given["input"], starts if len(starts) > 1 else starts[0])
    content = zoo.layers_to_onnx(layers, 9, 3)
    nodes = [node.op_type for node in onnx.load_from_string(content).graph.node]
    assert nodes.count(layers.mode.partition("_")[0]) == layers.num_layers
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    got = session.run(["output", *(f"{state}_n" for state in states)], {k: v.numpy() for k, v in given.items()})
    for a, b in zip(got, (output, *(finals if isinstance(finals, tuple) else (finals,))), strict=True):
        torch.testing.assert_close(torch.from_numpy(a), b, rtol=1e-5, atol=1e-5)


def test_only_an_lstm_has_8_bit_weights() -> None:
    content = zoo.layers_to_onnx(nn.LSTM(5, 7), 9, 3, int8=True)
    assert "DynamicQuantizeLSTM" in [node.op_type for node in onnx.load_from_string(content).graph.node]
    with pytest.raises(zoo.OnnxError, match="the model has none of them"):
        zoo.layers_to_onnx(nn.GRU(5, 7), 9, 3, int8=True)
