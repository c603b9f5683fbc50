"""What real inputs say of a model before it is quantized: the ranges of its activations, and what rounding adds.

A product of rounded factors is off by some mean in each output channel. Its bias takes this mean away, at no cost
(Nagel et al. 2019, "Data-free quantization through weight equalization and bias correction", section 4.2).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from zoo.artifact.golden import Sample, record
from zoo.quantization.int8_numbers import round_channels, round_range
from zoo.quantization.recipe import replace_layers
from zoo.quantization.stored_cells import is_written_cell
from zoo.quantization.written_out import Factors, write_out

MOST_ROWS = 4096  # that are kept of each matrix, spread over all samples
# Shares of the range that are tried: a narrower one rounds most activations better and clips a few.
SHARES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)


@dataclass
class Seen:
    """A matrix and rows of activations that it multiplied.

    Args:
        weight: (units, columns).
        kept: rows (n, columns) each.
        count: of all rows so far.
        stride: each row whose number is a multiple is kept.
    """

    weight: Tensor
    kept: list[Tensor] = field(default_factory=list)
    count: int = 0
    stride: int = 1

    def add(self, activations: Tensor) -> None:
        """Keep some of the rows; those of zeros are padding, or the state at a start, and have no error."""
        rows = activations.reshape(-1, activations.size(-1))
        rows = rows[rows.any(1)]
        first = -self.count % self.stride
        self.count += len(rows)
        self.kept.append(rows[first :: self.stride].clone())
        if sum(map(len, self.kept)) > 2 * MOST_ROWS:
            self.kept = [torch.cat(self.kept)[::2]]
            self.stride *= 2

    @property
    def rows(self) -> Tensor:
        some = any(map(len, self.kept))
        return torch.cat(self.kept) if some else torch.zeros(1, self.weight.size(1))


@torch.no_grad()
def watch(model: nn.Module, layers: Collection[str], samples: Sequence[Sample]) -> dict[str, dict[str, Seen]]:
    """Run samples, and return what the matrices of each layer saw, by the names that `written_out` gives them.

    Args:
        model: in float and eval mode.
        layers: names.
        samples: real inputs.
    """
    all_seen: dict[str, dict[str, Seen]] = {}
    watched = copy.deepcopy(model)
    for name in layers:
        seen = all_seen.setdefault(name, {})
        if is_written_cell(model.get_submodule(name)):
            continue  # recipes round no activations there
        watched = replace_layers(watched, [name], partial(write_out, factors=_watching(seen)))
    record(watched, samples)
    return all_seen


def _watching(seen: dict[str, Seen]) -> Factors:
    def weight(name: str, values: Tensor) -> Tensor:
        return seen.setdefault(name, Seen(values)).weight

    def rows(name: str, activations: Tensor) -> Tensor:
        seen[name].add(activations)
        return activations

    return Factors(weight, rows)


def choose_range(seen: Seen) -> tuple[Tensor, Tensor]:
    """Return the smallest and the largest activation that leave the product the smallest squared error."""
    if seen.count == 0:  # 0 to 0 would make every activation 0; states are within 1 but for those of ReLU
        return torch.tensor(-1.0), torch.tensor(1.0)
    rows, rounded = seen.rows, round_channels(seen.weight)
    low, high = rows.min().clamp(max=0), rows.max().clamp(min=0)
    exact = rows @ seen.weight.T
    errors = [
        float((round_range(rows, low * share, high * share) @ rounded.T - exact).square().mean()) for share in SHARES
    ]
    best = SHARES[errors.index(min(errors))]
    return low * best, high * best


@torch.no_grad()
def correct_biases(layer: Any, seen: dict[str, Seen], round_activations: Callable[[str, Tensor], Tensor]) -> Any:
    """Return a copy of a float layer whose biases take away the mean error of its rounded products.

    A layer without biases stays as it is; so does the projection of an LSTM, which has none.

    Args:
        layer: one of PyTorch's.
        seen: by the names of its matrices.
        round_activations: gets the name of a matrix and rows.
    """
    corrected = copy.deepcopy(layer)
    for name, matrix in seen.items():
        bias = find_bias(corrected, name)
        if bias is not None:
            rounded = round_activations(name, matrix.rows) @ round_channels(matrix.weight).T
            bias += (matrix.rows @ matrix.weight.T - rounded).mean(0)
    return corrected


def find_bias(layer: Any, name: str) -> Any:
    """Return the bias that is added to the product of a matrix, or None where there is none."""
    index, _, matrix = name.rpartition(".")
    part = {"input": "ih", "hidden": "hh"}.get(matrix)
    if isinstance(layer, nn.RNNBase):
        k, direction = divmod(int(index), 2 if layer.bidirectional else 1)
        return getattr(layer, f"bias_{part}_l{k}{'_reverse' if direction else ''}", None)
    if isinstance(layer, nn.RNNCellBase):
        return getattr(layer, f"bias_{part}")
    return getattr(layer, "bias", None)
