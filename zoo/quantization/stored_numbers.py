"""How a file keeps the matrices of a layer: modules that give them in float32, rounded, and write fewer bytes.

TorchScript calls `__getstate__` when it writes a file, and `__setstate__` when it reads one. Vectors, such as biases,
stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, List, Tuple

import torch
from torch import Tensor

from zoo.quantization.groups import read_groups
from zoo.quantization.stored_state import SHAPE, StoredState

# Makes a module of a list of weights, whose `forward` and `values` are the weights, matrices rounded.
Store = Callable[[List[Tensor]], Any]
PARTS = ("numbers", "step", "lowest")  # of a matrix, as `read_kept` takes them
# Gets a matrix (rows, columns) and returns what the file keeps of it, as `read_kept` takes it.
Rounding = Callable[[Tensor], Tuple[Tensor, ...]]


class HalfTensors(StoredState):
    """Weights whose matrices take two bytes a number in the file, in float16 or bfloat16."""

    def __init__(self, values: List[Tensor], wide: bool = False) -> None:
        """Round matrices to float16, or where `wide` to bfloat16, which has float32's range."""
        super().__init__()
        self.wide = wide
        self.values: List[Tensor] = [
            halve(v.detach(), wide).float() if v.dim() > 1 else v.detach().clone() for v in values
        ]

    def forward(self) -> List[Tensor]:
        return self.values

    @torch.jit.export
    def __getstate__(self) -> Tuple[List[Tensor], bool, bool]:
        return [halve(v, self.wide) if v.dim() > 1 else v for v in self.values], self.wide, self.training

    @torch.jit.export
    def __setstate__(self, state: Tuple[List[Tensor], bool, bool]) -> None:
        self.values = [v.float() for v in state[0]]
        self.wide = state[1]
        self.training = state[2]

    def get_parts(self) -> dict[str, Tensor]:
        return {str(k): halve(v, self.wide) if v.dim() > 1 else v for k, v in enumerate(self.values)}

    def set_parts(self, parts: Mapping[str, Tensor]) -> None:
        self.values = [parts[str(k)].to(v, copy=True) for k, v in enumerate(self.values)]

    def __reduce__(self) -> Any:
        """Copy and pickle as other modules do: Python would call the two methods above."""
        return _restore_halves, (self.values, self.wide, self.training)


def halve(values: Tensor, wide: bool) -> Tensor:
    """Return values in bfloat16 where `wide`, or else in float16."""
    return values.to(torch.bfloat16) if wide else values.half()


def _restore_halves(values: List[Tensor], wide: bool, training: bool) -> HalfTensors:
    return HalfTensors(values, wide).train(training)


class KeptTensors(StoredState):
    """Weights of whose matrices the file has whole numbers, and the steps that they count."""

    def __init__(self, values: List[Tensor], rounding: Rounding) -> None:
        super().__init__()
        self.values: List[Tensor] = []
        self.kept: List[List[Tensor]] = []  # of a matrix what `rounding` gives, of a vector the vector
        self.shapes: List[List[int]] = [list(value.shape) for value in values]
        for value, shape in zip(values, self.shapes, strict=True):
            kept = list(rounding(value.detach().flatten(1))) if len(shape) > 1 else [value.detach().clone()]
            self.kept.append(kept)
            self.values.append(read_kept(kept, shape))

    def forward(self) -> List[Tensor]:
        return self.values

    @torch.jit.export
    def __getstate__(self) -> Tuple[List[List[Tensor]], List[List[int]], bool]:
        return self.kept, self.shapes, self.training

    @torch.jit.export
    def __setstate__(self, state: Tuple[List[List[Tensor]], List[List[int]], bool]) -> None:
        self.kept, self.shapes, self.training = state[0], state[1], state[2]
        self.values = [read_kept(kept, self.shapes[k]) for k, kept in enumerate(self.kept)]

    def get_parts(self) -> dict[str, Tensor]:
        parts: dict[str, Tensor] = {}
        for k, kept in enumerate(self.kept):
            if len(kept) == 1:
                parts[str(k)] = kept[0]
            else:
                # Groups have filled up columns, so that the numbers do not say how many there are.
                parts |= {f"{k}.{name}": part for name, part in zip(PARTS, kept, strict=False)}
                parts[f"{k}.{SHAPE}"] = torch.tensor(self.shapes[k])
        return parts

    def set_parts(self, parts: Mapping[str, Tensor]) -> None:
        for k, kept in enumerate(self.kept):
            names = [str(k)] if len(kept) == 1 else [f"{k}.{name}" for name in PARTS[: len(kept)]]
            self.kept[k] = [parts[name].to(part, copy=True) for name, part in zip(names, kept, strict=True)]
        self.values = [read_kept(kept, shape) for kept, shape in zip(self.kept, self.shapes, strict=True)]

    def __reduce__(self) -> Any:
        """Copy and pickle as other modules do: Python would call the two methods above."""
        return _restore_kept, (self.kept, self.shapes, self.training)


def _restore_kept(kept: List[List[Tensor]], shapes: List[List[int]], training: bool) -> KeptTensors:
    module = KeptTensors([], lambda matrix: (matrix,))
    module.kept, module.shapes = kept, shapes
    module.values = [read_kept(parts, shape) for parts, shape in zip(kept, shapes, strict=True)]
    return module.train(training)


def read_kept(kept: List[Tensor], shape: List[int]) -> Tensor:
    """Return the float32 weight of what a file keeps of it."""
    if len(kept) == 1:
        return kept[0].clone()  # because a file in which two names share memory is not fused
    if len(kept) == 2:
        return (kept[0].float() * kept[1]).reshape(shape)
    return read_groups(kept[0], kept[1], kept[2], shape)
