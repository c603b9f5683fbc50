"""zoo.accelerate in bf16 and int8, and on what PyTorch quantized."""

from __future__ import annotations

import pytest
import torch
from support.accelerated import EVERY_LAYER, Padded, script
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

import zoo
from zoo.artifact.torchscript import without_notices


@pytest.mark.parametrize("precision", ["bf16", "int8"])
@EVERY_LAYER
def test_cheaper_precisions_are_near_and_not_the_same(layer, options, precision):
    module = Padded(layer(16, 32, 2, **options))
    scripted = script(module)
    accelerated = zoo.accelerate(scripted, precision)
    assert {stack["precision"] for stack in accelerated.acceleration["fused"]} == {precision}
    input = torch.randn(20, 4, 16)
    with torch.no_grad():
        expected, output = scripted(input)[0], accelerated(input)[0]
    limit = {"bf16": (0.02, 0.005), "int8": (0.04, 0.02)}[precision]
    assert 0 < (output - expected).abs().max() <= limit[0] * (expected.max() - expected.min())
    assert (output - expected).square().mean().sqrt() <= limit[1] * expected.std()


class QuantizedCells(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.gru, self.rnn = nn.LSTMCell(16, 32), nn.GRUCell(32, 32), nn.RNNCell(32, 32)

    def forward(self, input: Tensor) -> Tensor:
        h, _ = self.lstm(input)
        return self.rnn(self.gru(h, h), h)


def dynamic(module: nn.Module, dtype: torch.dtype) -> torch.jit.ScriptModule:
    types = {nn.LSTM, nn.GRU, nn.LSTMCell, nn.GRUCell, nn.RNNCell}
    with without_notices():
        return script(torch.ao.quantization.quantize_dynamic(module.eval(), types, dtype=dtype))


QUANTIZED = [
    pytest.param(Padded(nn.LSTM(16, 32, 2, bidirectional=True)), (6, 3, 16), 2, id="lstm"),
    pytest.param(Padded(nn.GRU(16, 32, 2, batch_first=True)), (3, 6, 16), 2, id="gru"),
    pytest.param(QuantizedCells(), (4, 16), 3, id="cells"),
]


@pytest.mark.parametrize(("module", "shape", "layers"), QUANTIZED)
def test_layers_quantized_by_pytorch_are_taken_when_asked(module, shape, layers):
    scripted = dynamic(module, torch.qint8)
    with pytest.raises(zoo.AccelerationError, match="PyTorch quantized it"):
        zoo.accelerate(scripted)
    accelerated = zoo.accelerate(scripted, requantize=True)
    assert accelerated.acceleration["fused_layers"] == layers
    assert {(s["precision"], s["origin"]) for s in accelerated.acceleration["fused"]} == {("int8", "int8")}
    input = torch.randn(shape)
    with torch.no_grad():
        exact, theirs, ours = (m(input) for m in (module.eval(), scripted, accelerated))
    if not isinstance(exact, Tensor):
        exact, theirs, ours = exact[0], theirs[0], ours[0]
    # Both round the weights; the engine must not be much further from the float model than PyTorch is.
    assert (ours - exact).square().mean().sqrt() <= 1.5 * (theirs - exact).square().mean().sqrt()


@pytest.mark.parametrize(("module", "shape"), [(q.values[0], q.values[1]) for q in QUANTIZED[:2]], ids=["lstm", "gru"])
def test_float16_layers_keep_their_numbers(module, shape):
    scripted = dynamic(module, torch.float16)
    accelerated = zoo.accelerate(scripted)
    assert {(s["precision"], s["origin"]) for s in accelerated.acceleration["fused"]} == {("fp32", "float16")}
    input = torch.randn(shape)
    torch.testing.assert_close(accelerated(input), scripted(input), atol=1e-5, rtol=1e-5)


class PackedQuantized(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(16, 32)

    def forward(self, data: PackedSequence) -> Tensor:
        return self.rnn(data)[1]


def test_quantized_packed_sequences():
    lengths = torch.tensor([6, 4, 1])
    packed = pack_padded_sequence(torch.randn(6, 3, 16), lengths)
    module = PackedQuantized()
    scripted = dynamic(module, torch.qint8)
    accelerated = zoo.accelerate(scripted, requantize=True)
    exact = module(packed)
    error = (accelerated(packed) - exact).square().mean().sqrt()
    assert error <= 0.02 * exact.std()
