"""zoo.accelerate on whole programs: loops of cells, branches, forks, kept state, weights that change."""

from __future__ import annotations

import copy
import warnings
from io import BytesIO
from typing import List, Optional, Tuple

import pytest
import torch
from support.accelerated import CLOSE, Padded, check, script
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import zoo
from zoo.artifact.torchscript import without_notices


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
    with pytest.raises(zoo.AccelerationError, match="precision must be one of fp32, bf16, int8; got 'fp8'"):
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


def test_a_deep_copy_knows_what_was_fused():
    accelerated = copy.deepcopy(zoo.accelerate(script(Keeping())))
    assert accelerated.acceleration["fused_layers"] == 1
    chunk = torch.randn(2, 1, 6)
    first = accelerated(chunk)
    torch.testing.assert_close(copy.deepcopy(accelerated)(chunk), accelerated(chunk), atol=0, rtol=0)
    assert not torch.equal(first, accelerated(chunk))


def test_what_a_frozen_module_cannot_do_is_refused():
    accelerated = zoo.accelerate(script(Padded(nn.GRU(6, 8))))
    for convert in (accelerated.half, accelerated.double, lambda: accelerated.to(torch.bfloat16)):
        with pytest.raises(zoo.AccelerationError, match="computes in float32 on the CPU, asked for torch"):
            convert()
    with pytest.raises(zoo.AccelerationError, match="no training mode"):
        accelerated.train()
    assert accelerated.float().eval().to("cpu") is accelerated


class Mixed(Padded):
    def __init__(self, rnn: nn.RNNBase) -> None:
        super().__init__(rnn)
        self.project = nn.Linear(6, 6)

    def forward(self, input: Tensor):
        return self.rnn(self.project(input))[0]


@pytest.mark.parametrize("layer", [nn.LSTM, nn.GRU, nn.RNN])
def test_autocast_around_an_accelerated_module(layer):
    scripted = script(Mixed(layer(6, 8)))
    accelerated = zoo.accelerate(scripted)
    input = torch.randn(5, 3, 6)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for _ in range(3):
            expected, actual = scripted(input), accelerated(input)
            assert actual.dtype == expected.dtype == torch.bfloat16
            torch.testing.assert_close(actual, expected, atol=8e-3, rtol=8e-3)  # two steps of bfloat16 at 1
    torch.testing.assert_close(accelerated(input), scripted(input), **CLOSE)
