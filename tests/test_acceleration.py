"""zoo.accelerate: PyTorch's recurrent modules in every form a scripted file has them, before and after the pass."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import List, Optional, Tuple

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

import zoo
from zoo.torchscript import without_notices

CLOSE = {"atol": 2e-6, "rtol": 1e-5}


def script(module: nn.Module) -> torch.jit.ScriptModule:
    with without_notices():
        return torch.jit.script(module.eval())


def check(module: nn.Module, *inputs: object, layers: int = 1, left: int = 0) -> torch.jit.ScriptModule:
    """The accelerated module gives what the scripted one gives, and as many layers were fused as expected."""
    scripted = script(module)
    accelerated = zoo.accelerate(scripted)
    report = accelerated.acceleration
    assert report["fused_layers"] == layers
    assert sum(one["calls"] for one in report["left"]) == left
    with torch.no_grad():
        for _ in range(3):  # the executor compiles anew in the first runs
            torch.testing.assert_close(accelerated(*inputs), scripted(*inputs), **CLOSE)
    return accelerated


class Padded(nn.Module):
    """A bare recurrent module does not script with a forward that saves."""

    def __init__(self, rnn: nn.RNNBase) -> None:
        super().__init__()
        self.rnn = rnn

    def forward(self, input: Tensor):
        return self.rnn(input)


class PaddedWithState(Padded):
    def forward(self, input: Tensor, hx: Tensor):
        return self.rnn(input, hx)


class PaddedWithLSTMState(Padded):
    def forward(self, input: Tensor, h_0: Tensor, c_0: Tensor):
        return self.rnn(input, (h_0, c_0))


class Packed(Padded):
    def forward(self, input: Tensor, lengths: Tensor):
        packed = pack_padded_sequence(input, lengths, batch_first=True, enforce_sorted=False)
        output, state = self.rnn(packed)
        return pad_packed_sequence(output, batch_first=True)[0], state


KINDS = [
    pytest.param(nn.LSTM, {}, id="lstm"),
    pytest.param(nn.LSTM, {"proj_size": 5}, id="lstm_projected"),
    pytest.param(nn.GRU, {}, id="gru"),
    pytest.param(nn.RNN, {}, id="rnn_tanh"),
    pytest.param(nn.RNN, {"nonlinearity": "relu"}, id="rnn_relu"),
]
EVERY_KIND = pytest.mark.parametrize(("kind", "options"), KINDS)


@EVERY_KIND
@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("batch_first", [False, True])
def test_every_constructor_argument(kind, options, num_layers, bidirectional, bias, batch_first):
    dropout = 0.4 if num_layers > 1 else 0.0
    rnn = kind(
        7, 11, num_layers, bias=bias, batch_first=batch_first, dropout=dropout, bidirectional=bidirectional, **options
    )
    for shape in ((3, 5, 7), (1, 1, 7), (5, 7)):  # the last is unbatched
        check(Padded(rnn), torch.randn(shape), layers=num_layers)


@EVERY_KIND
def test_state_comes_in_and_goes_out(kind, options):
    rnn = kind(6, 9, 2, **options)
    h_0, c_0 = torch.randn(2, 4, options.get("proj_size", 9)), torch.randn(2, 4, 9)
    input = torch.randn(5, 4, 6)
    if kind is nn.LSTM:
        check(PaddedWithLSTMState(rnn), input, h_0, c_0, layers=2)
        check(PaddedWithLSTMState(rnn), input[:, 0], h_0[:, 0], c_0[:, 0], layers=2)
    else:
        check(PaddedWithState(rnn), input, h_0, layers=2)
        check(PaddedWithState(rnn), input[:, 0], h_0[:, 0], layers=2)


@EVERY_KIND
@pytest.mark.parametrize("bidirectional", [False, True])
def test_packed_sequences_in_any_order(kind, options, bidirectional):
    rnn = kind(6, 9, 2, batch_first=True, bidirectional=bidirectional, **options)
    check(Packed(rnn), torch.randn(4, 8, 6), torch.tensor([3, 8, 1, 5]), layers=2)


@pytest.mark.parametrize("shape", [(0, 4, 6), (5, 0, 6)], ids=["no_steps", "no_rows"])
def test_empty_inputs_are_taken_or_refused_as_before(shape):
    scripted = script(Padded(nn.GRU(6, 9)))
    accelerated = zoo.accelerate(scripted)
    try:
        expected = scripted(torch.randn(shape))
    except RuntimeError:
        with pytest.raises(RuntimeError):
            accelerated(torch.randn(shape))
    else:
        torch.testing.assert_close(accelerated(torch.randn(shape)), expected)


@pytest.mark.parametrize("input", [torch.randn(5, 4, 7), torch.randn(5), torch.randn(5, 4, 6).double()])
def test_wrong_inputs_are_refused_as_before(input):
    accelerated = zoo.accelerate(script(Padded(nn.LSTM(6, 9))))
    with pytest.raises((RuntimeError, torch.jit.Error)):
        accelerated(input)


def test_a_transposed_input_and_an_expanded_state():
    rnn = nn.GRU(6, 9)
    check(PaddedWithState(rnn), torch.randn(4, 5, 6).transpose(0, 1), torch.randn(1, 1, 9).expand(1, 4, 9))


class Cells(nn.Module):
    """A hand-written loop, as decoders have it."""

    def __init__(self, bias: bool) -> None:
        super().__init__()
        self.lstm = nn.LSTMCell(6, 8, bias=bias)
        self.gru = nn.GRUCell(8, 8, bias=bias)
        self.rnn = nn.RNNCell(8, 8, bias=bias)
        self.relu = nn.RNNCell(8, 8, bias=bias, nonlinearity="relu")

    def forward(self, input: Tensor) -> Tuple[Tensor, Tensor]:
        h, c = self.lstm(input[0])
        g, r, u = h, h, h
        outputs: List[Tensor] = []
        for t in range(input.size(0)):
            h, c = self.lstm(input[t], (h, c))
            g = self.gru(h, g)
            r = self.rnn(g, r)
            u = self.relu(r, u)
            outputs.append(u)
        return torch.stack(outputs), c


@pytest.mark.parametrize("bias", [False, True])
def test_cells_in_a_loop(bias):
    check(Cells(bias), torch.randn(5, 3, 6), layers=4)


class Branches(nn.Module):
    """One set of weights, called in two branches and in two methods."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(6, 8, batch_first=True)

    def forward(self, input: Tensor, lengths: Optional[Tensor] = None) -> Tensor:
        if lengths is None:
            return self.rnn(input)[0]
        packed = pack_padded_sequence(input, lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.rnn(packed)[0], batch_first=True)[0]

    @torch.jit.export
    def last(self, input: Tensor) -> Tensor:
        return self.rnn(input)[1][0]


def test_shared_weights_are_packed_once_and_every_method_is_rewritten():
    input, lengths = torch.randn(3, 5, 6), torch.tensor([5, 2, 3])
    module = Branches()
    accelerated = check(module, input, lengths)
    (stack,) = accelerated.acceleration["fused"]
    assert stack["calls"] == 3
    torch.testing.assert_close(accelerated.last(input), module.last(input), **CLOSE)
    assert "aten::lstm" not in str(accelerated.last.graph)


class Forked(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left = nn.GRU(6, 8)
        self.right = nn.GRU(6, 8)

    def forward(self, input: Tensor) -> Tensor:
        future = torch.jit.fork(self.left, input)
        right = self.right(input)[0]
        return torch.jit.wait(future)[0] + right


def test_layers_inside_forks():
    check(Forked(), torch.randn(5, 3, 6), layers=2)


class Keeping(nn.Module):
    """State kept inside the module, as voice activity detectors do."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(6, 8)
        self.h, self.c = torch.zeros(1, 1, 8), torch.zeros(1, 1, 8)

    def forward(self, input: Tensor) -> Tensor:
        output, (self.h, self.c) = self.rnn(input, (self.h, self.c))
        return output

    @torch.jit.export
    def reset(self) -> None:
        self.h, self.c = torch.zeros(1, 1, 8), torch.zeros(1, 1, 8)


def test_state_kept_inside_stays_inside_and_is_not_shared():
    chunks = torch.randn(6, 2, 1, 6)
    scripted = script(Keeping())
    accelerated = zoo.accelerate(scripted)
    first = [accelerated(chunk) for chunk in chunks]
    for chunk, output in zip(chunks, first, strict=True):
        torch.testing.assert_close(scripted(chunk), output, **CLOSE)
    accelerated.reset()
    for chunk, output in zip(chunks, first, strict=True):
        torch.testing.assert_close(accelerated(chunk), output, atol=0, rtol=0)


class Learning(nn.Module):
    """Weights that change while the program runs must not be packed."""

    def __init__(self) -> None:
        super().__init__()
        self.steady = nn.GRU(6, 6)
        self.rnn = nn.GRU(6, 6)

    def forward(self, input: Tensor) -> Tensor:
        self.rnn.weight_hh_l0.mul_(0.5)
        return self.rnn(self.steady(input)[0])[0]


def test_weights_that_change_are_left_alone():
    module = Learning()
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    scripted = script(module)
    accelerated = zoo.accelerate(scripted)
    report = accelerated.acceleration
    assert report["fused_layers"] == 1
    assert [one["op"] for one in report["left"]] == ["aten::gru"]
    input = torch.randn(4, 2, 6)
    for _ in range(3):
        torch.testing.assert_close(accelerated(input), scripted(input), **CLOSE)


class MutatedList(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.ParameterList([nn.Parameter(p.detach()) for p in nn.GRU(6, 6).parameters()])
        self.other = nn.Parameter(torch.randn(18, 6))

    def forward(self, input: Tensor, h_0: Tensor, swap: bool) -> Tensor:
        params = [weight for weight in self.weights]  # noqa: C416 - TorchScript has no list() of it
        if swap:
            params[1] = self.other
        return torch.gru(input, h_0, params, True, 1, 0.0, False, False, False)[0]


def test_a_list_of_weights_that_a_branch_changes_is_left_alone():
    with pytest.raises(zoo.AccelerationError, match="list of weights"):
        zoo.accelerate(script(MutatedList()))


def test_weights_of_another_dtype_are_left_and_told():
    with pytest.raises(zoo.AccelerationError, match=r"aten::gru: its weights are Double, not float32"):
        zoo.accelerate(script(Padded(nn.GRU(6, 8).double())))


def test_what_cannot_be_accelerated_says_why():
    with pytest.raises(zoo.AccelerationError, match=r"scripted module, got GRU"):
        zoo.accelerate(nn.GRU(2, 3))
    with without_notices(), pytest.raises(zoo.AccelerationError, match=r"call \.eval\(\)"):
        zoo.accelerate(torch.jit.script(Padded(nn.GRU(2, 3))))
    with pytest.raises(zoo.AccelerationError, match="no recurrent layer"):
        zoo.accelerate(script(nn.Linear(2, 3)))
    with pytest.raises(zoo.AccelerationError, match="precision must be fp32, bf16 or int8, got 'fp8'"):
        zoo.accelerate(script(Padded(nn.GRU(2, 3))), "fp8")


def test_traced_and_saved_modules():
    input = torch.randn(5, 3, 6)
    module = Padded(nn.LSTM(6, 8, 2)).eval()
    with without_notices(), torch.no_grad():
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # the very reason not to trace; files exist
        traced = torch.jit.trace(module, input)
        file = BytesIO()
        torch.jit.save(torch.jit.freeze(torch.jit.script(module)), file)
        file.seek(0)
        loaded = torch.jit.load(file)
        for form in (traced, loaded):
            accelerated = zoo.accelerate(form)
            assert accelerated.acceleration["fused_layers"] == 2
            torch.testing.assert_close(accelerated(input)[0], module(input)[0], **CLOSE)


def test_an_accelerated_module_can_be_saved_and_loaded():
    input = torch.randn(5, 3, 6)
    accelerated = zoo.accelerate(script(Padded(nn.LSTM(6, 8, 2))))
    file = BytesIO()
    with without_notices():
        torch.jit.save(accelerated, file)
        file.seek(0)
        loaded = torch.jit.load(file)
    torch.testing.assert_close(loaded(input), accelerated(input), atol=0, rtol=0)


def test_the_original_is_not_changed():
    scripted = script(Padded(nn.LSTM(6, 8)))
    before = str(scripted.graph)
    zoo.accelerate(scripted)
    assert str(scripted.graph) == before
    assert "aten::lstm" in str(scripted.inlined_graph)


@pytest.mark.parametrize("precision", ["bf16", "int8"])
@EVERY_KIND
def test_cheaper_precisions_are_near_and_not_the_same(kind, options, precision):
    module = Padded(kind(16, 32, 2, **options))
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
    kinds = {nn.LSTM, nn.GRU, nn.LSTMCell, nn.GRUCell, nn.RNNCell}
    with without_notices():
        return script(torch.ao.quantization.quantize_dynamic(module.eval(), kinds, dtype=dtype))


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
