"""Recipe `int4`: 4-bit weights in groups in the file, float32 arithmetic. Any LibTorch runs the file."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any, List, Tuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from zoo.artifact.tolerances import FP32, INT8_LIMIT, STEADY
from zoo.quantization.int8_numbers import pass_gradient
from zoo.quantization.recipe import Recipe, register_recipe, replace_layers
from zoo.quantization.stored_layers import LAYERS, make_stored_layer, stored_objection
from zoo.quantization.written_out import Factors

GROUP = 32  # weights that share a step and a lowest value
LEVELS = 16
# Shares of a group's range that are tried: a narrower range rounds most weights better and clips a few.
RANGES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7)


def round_groups(values: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    """Round each group of a row to 16 levels, with the range that leaves the smallest squared error.

    Args:
        values: (rows, columns).

    Returns:
        Two numbers a byte, uint8 (rows, groups, 16), the first in the lower half; step and lowest value, float16
        (rows, groups, 1).
    """
    rows = functional.pad(values, [0, -values.size(1) % GROUP]).unflatten(1, [-1, GROUP])  # (rows, groups, GROUP)
    low, high = rows.amin(2, keepdim=True), rows.amax(2, keepdim=True)
    least = torch.full_like(low, torch.inf)
    numbers, step, lowest = torch.zeros_like(rows), torch.zeros_like(low), torch.zeros_like(low)
    for share in RANGES:
        width = ((high - low) * share / (LEVELS - 1)).half().float().clamp(min=2.0**-24)
        start = ((high + low - width * (LEVELS - 1)) / 2).half().float()
        rounded = ((rows - start) / width).round().clamp(0, LEVELS - 1)
        error = (rounded * width + start - rows).square().sum(2, keepdim=True)
        better = error < least
        least = torch.where(better, error, least)
        numbers = torch.where(better, rounded, numbers)
        step, lowest = torch.where(better, width, step), torch.where(better, start, lowest)
    whole = numbers.to(torch.uint8)
    return whole[..., 0::2] | (whole[..., 1::2] << 4), step.half(), lowest.half()


def read_groups(numbers: Tensor, step: Tensor, lowest: Tensor, shape: List[int]) -> Tensor:
    """Return the float32 matrix of `round_groups`, in a shape whose later dimensions are the columns."""
    pairs = torch.stack([torch.bitwise_and(numbers, 15), torch.bitwise_right_shift(numbers, 4)], dim=3)
    rows = (pairs.flatten(2).float() * step.float() + lowest.float()).flatten(1)  # (rows, padded columns)
    columns = 1
    for size in shape[1:]:
        columns *= size
    return rows[:, :columns].reshape(shape)


class GroupedTensors(nn.Module):
    """Weights whose matrices take 5 bits a number in the file and are float32 in memory, rounded."""

    def __init__(self, values: List[Tensor]) -> None:
        super().__init__()
        self.values: List[Tensor] = []
        self.kept: List[List[Tensor]] = []  # of a matrix what `round_groups` gives, of a vector the vector
        self.shapes: List[List[int]] = [list(value.shape) for value in values]
        for value, shape in zip(values, self.shapes, strict=True):
            kept = list(round_groups(value.detach().flatten(1))) if len(shape) > 1 else [value.detach().clone()]
            self.kept.append(kept)
            self.values.append(read_kept(kept, shape))

    def forward(self) -> List[Tensor]:
        return self.values

    # TorchScript calls these two when it writes and reads a file.
    @torch.jit.export
    def __getstate__(self) -> Tuple[List[List[Tensor]], List[List[int]], bool]:
        return self.kept, self.shapes, self.training

    @torch.jit.export
    def __setstate__(self, state: Tuple[List[List[Tensor]], List[List[int]], bool]) -> None:
        self.kept, self.shapes, self.training = state[0], state[1], state[2]
        self.values = [read_kept(kept, self.shapes[k]) for k, kept in enumerate(self.kept)]

    def __reduce__(self) -> Any:
        """Copy and pickle as other modules do: Python would call the two methods above."""
        return _restore, (self.kept, self.shapes, self.training)


def read_kept(kept: List[Tensor], shape: List[int]) -> Tensor:
    """Return the float32 weight of what a file keeps of it."""
    # A copy, because a file in which two names share memory is not fused.
    return kept[0].clone() if len(kept) == 1 else read_groups(kept[0], kept[1], kept[2], shape)


def _restore(kept: List[List[Tensor]], shapes: List[List[int]], training: bool) -> GroupedTensors:
    module = GroupedTensors([])
    module.kept, module.shapes = kept, shapes
    module.values = [read_kept(parts, shape) for parts, shape in zip(kept, shapes, strict=True)]
    return module.train(training)


def round_weights(weight: Tensor) -> Tensor:
    """Return a matrix with the numbers that the file will hold, and the gradient of the matrix itself."""
    exact = weight.detach()
    return pass_gradient(weight, read_groups(*round_groups(exact), list(exact.shape)))


def convert(model: nn.Module, names: Collection[str]) -> nn.Module:
    return replace_layers(model, names, partial(make_stored_layer, store=GroupedTensors))


register_recipe(
    Recipe(
        name="int4",
        description="4-bit weights in groups of 32 in the file, a sixth of its size, float32 arithmetic; LSTM, GRU, "
        "RNN, cells, Linear, Embedding, Conv1d; for any LibTorch",
        objection=stored_objection,
        layers=LAYERS,
        convert=convert,
        limit=INT8_LIMIT,
        replay=FP32,
        regrouped=STEADY,
        factors=Factors(lambda _, weight: round_weights(weight), lambda _, rows: rows),
    )
)
