"""What files without a manifest return and take besides plain tensors: views with flipped signs, tensors that are not
dense, and empty ones.
"""

from __future__ import annotations

from typing import Any, Tuple

import pytest
import torch
from support.program import BAD_DATA
from support.saved_module import assert_close
from torch import Tensor, nn


class Conjugated(nn.Module):
    """The imaginary part of a conjugate is a view of the other sign."""

    def forward(self, x: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        z = torch.complex(x, 2 * x)
        return z.conj().imag, torch._neg_view(x), torch._neg_view(x.transpose(0, 1))


class ConjugatedBeforeALayer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(6, 8, batch_first=True)

    def forward(self, x: Tensor, h: Tensor) -> Tuple[Tensor, Tensor]:
        y, h = self.rnn(torch.complex(x, x).conj().imag, torch._neg_view(h))
        return y, torch._neg_view(h)


@pytest.mark.parametrize("engine", ["auto", "aten"])
def test_the_negative_bit_of_a_view_is_resolved(engine: str, saved: Any) -> None:
    x, h = torch.randn(2, 5, 6), torch.randn(1, 2, 8)
    output = saved(Conjugated()).run(x, flags=("--engine", engine))
    assert_close(output, {"0": -2 * x, "1": -x, "2": -x.transpose(0, 1)})
    module = ConjugatedBeforeALayer()
    expected = module.rnn(-x, -h)
    actual = saved(module).run(x, h, flags=("--engine", engine))
    assert_close(actual, {"0": expected[0], "1": -expected[1]})


class Complex(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.complex(x, x).conj()


class Sparse(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.to_sparse()


class SparseRows(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.to_sparse_csr()


class Quantized(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.quantize_per_tensor(x, 0.1, 0, torch.qint8)


class Nested(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch._nested_tensor_from_mask(x.unsqueeze(0), torch.ones(1, 2, dtype=torch.bool))


class Elsewhere(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.empty(3, device="meta")


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (Complex(), "a tensor of dtype ComplexFloat, expected a real floating-point type"),
        (Sparse(), "the model gave a sparse tensor, expected a dense one; let the model return its to_dense()"),
        (SparseRows(), "the model gave a sparsecsr tensor, expected a dense one"),
        (Quantized(), "the model gave a quantized tensor, expected a dense one; let the model return its dequantize()"),
        (Nested(), "the model gave a nested tensor, expected a dense one"),
        (Elsewhere(), "the model gave a meta tensor, expected a dense one"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_what_is_no_dense_tensor_is_refused_in_a_line(module: nn.Module, words: str, saved: Any) -> None:
    saved(module).refuse(BAD_DATA, words, torch.randn(2, 3))


class Remembering(nn.Module):
    """A stream begins with a cache of no steps."""

    def forward(self, x: Tensor, cache: Tensor) -> Tuple[Tensor, Tensor]:
        both = torch.cat([cache, x], 1)
        return both.cumsum(1)[:, cache.size(1) :], both


@pytest.mark.parametrize("suffix", ["npy", "bin"])
def test_an_empty_tensor_is_the_models_to_judge(suffix: str, saved: Any) -> None:
    file, x, empty = saved(Remembering()), torch.randn(1, 5, 6), torch.zeros(1, 0, 6)
    expected = {"0": x.cumsum(1), "1": x}
    if suffix == "npy":
        assert_close(file.run(x, empty), expected)
        assert_close(file.run(x, empty, flags=("--batch-size", 1)), expected)
        return
    (file.folder / "x.bin").write_bytes(x.numpy().tobytes())
    (file.folder / "empty.bin").write_bytes(b"")
    words = [file.folder / "x.bin", file.folder / "empty.bin"]
    file.program.succeed(file.path, *words, "--shape", "1x5x6,1x0x6", "-o", file.folder / "out.npy")
    # Bytes that are missing are no sequence of no steps.
    outcome = file.program(file.path, *words, "--shape", "1x5x6,1x-1x6")
    assert outcome.status == BAD_DATA
    assert "is empty: shape 1x0x6" in outcome.error


def test_no_steps_and_no_rows_are_what_libtorch_makes_of_them(saved: Any) -> None:
    class Doubled(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x * 2

    file = saved(Doubled())
    for shape in ((0, 5, 6), (2, 0, 6)):
        x = torch.zeros(shape)
        for flags in ((), ("--stream", 4), ("--batch-size", 2)):
            assert file.run(x, flags=flags)["output"].shape == x.shape
    file.refuse(
        BAD_DATA, "the input has no steps (2x0x6)", torch.zeros(2, 0, 6), flags=("--stream", 4, "--every-chunk")
    )


def test_a_dtype_that_the_weights_do_not_have_is_named_with_its_cure(saved: Any) -> None:
    """NumPy's arrays are float64 unless somebody says otherwise."""
    module, x = nn.Sequential(nn.Linear(6, 3)), torch.randn(2, 6)
    file = saved(module)
    words = "argument '0' is float64 and the weights are float32: convert it (--dtype)"
    file.refuse(BAD_DATA, words, x.double())
    file.refuse(BAD_DATA, words, x.double(), flags=("--batch-size", 1))
    torch.testing.assert_close(file.run(x.double(), flags=("--dtype", "float32"))["output"], module(x))
