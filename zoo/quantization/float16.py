"""Recipe `float16`: weights in half precision in the file, float32 arithmetic. Any LibTorch runs the file."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any, List, Tuple

import torch
from torch import Tensor, nn

from zoo.artifact.tolerances import FLOAT16_LIMIT, FP32, STEADY
from zoo.quantization.recipe import Recipe, register_recipe, replace_layers
from zoo.quantization.stored_layers import LAYERS, make_stored_layer, stored_objection


class HalfTensors(nn.Module):
    """Weights whose matrices take two bytes a number in the file and are float32 in memory, rounded."""

    def __init__(self, values: List[Tensor]) -> None:
        super().__init__()
        self.values: List[Tensor] = [v.detach().half().float() if v.dim() > 1 else v.detach().clone() for v in values]

    def forward(self) -> List[Tensor]:
        return self.values

    # TorchScript calls these two when it writes and reads a file.
    @torch.jit.export
    def __getstate__(self) -> Tuple[List[Tensor], bool]:
        return [v.half() if v.dim() > 1 else v for v in self.values], self.training

    @torch.jit.export
    def __setstate__(self, state: Tuple[List[Tensor], bool]) -> None:
        self.values = [v.float() for v in state[0]]
        self.training = state[1]

    def __reduce__(self) -> Any:
        """Copy and pickle as other modules do: Python would call the two methods above."""
        return _restore, (self.values, self.training)


def _restore(values: List[Tensor], training: bool) -> HalfTensors:
    return HalfTensors(values).train(training)


def convert(model: nn.Module, names: Collection[str]) -> nn.Module:
    return replace_layers(model, names, partial(make_stored_layer, store=HalfTensors))


register_recipe(
    Recipe(
        name="float16",
        description="float16 weights in the file, half its size, float32 arithmetic; LSTM, GRU, RNN, cells, Linear, "
        "Embedding, Conv1d; for any LibTorch",
        objection=stored_objection,
        layers=LAYERS,
        convert=convert,
        limit=FLOAT16_LIMIT,
        replay=FP32,
        regrouped=STEADY,
    )
)
