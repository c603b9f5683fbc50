"""Recipe `static_int8`: the engine's int8 weights, with ranges of activations that are fixed beforehand.

Calibration inputs give the range of each matrix' activations. Ranges that each row has for itself (recipe `int8`) are
nearer to the float model for most of the trained models, up to four times; `zoo recipes --calibration` compares both. A
fixed range is for programs whose arithmetic must not depend on the data.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from zoo.artifact.golden import Sample
from zoo.config.tensor_spec import SEQ_LEN
from zoo.ops import operators
from zoo.quantization.calibration import Seen, choose_range, correct_biases, watch
from zoo.quantization.engine import INT8, KINDS
from zoo.quantization.engine_layers import EngineLinear, RoundedEmbedding, find_core, make_engine_layer
from zoo.quantization.int8_numbers import round_range
from zoo.quantization.recipe import Convert, RecipeError, register_recipe
from zoo.quantization.smoothing import smooth_and_convert
from zoo.quantization.stored_cells import is_written_cell

MATRICES = ("input", "hidden", "projection")  # in the order of the operator `fix_ranges`


@torch.no_grad()
def make_static_layer(layer: Any, seen: dict[str, Seen]) -> nn.Module:
    """Return a layer of the engine with the ranges of what its matrices saw; a written-out cell has none."""
    if is_written_cell(layer):
        return make_engine_layer(layer, "int8")
    ranges = {name: choose_range(matrix) for name, matrix in seen.items()}
    corrected = correct_biases(layer, seen, lambda name, rows: round_range(rows, *ranges[name]))
    made = make_engine_layer(corrected, "int8")
    if isinstance(made, RoundedEmbedding):
        return made
    core = find_core(made)
    if isinstance(core, EngineLinear):
        core.packed = operators().fix_linear_range(core.packed, torch.stack(ranges["input"]))
    else:
        core.packed = operators().fix_ranges(core.packed, stack_ranges(ranges))
    return made


def stack_ranges(ranges: dict[str, tuple[Tensor, Tensor]]) -> Tensor:
    """Return the ranges as the operator takes them, (layers * directions, 3, 2), 0 for what the layer does not have."""
    layers = 1 + max(int(name.partition(".")[0]) for name in ranges)
    none = (torch.zeros(()), torch.zeros(()))
    return torch.stack(
        [torch.stack([torch.stack(ranges.get(f"{k}.{name}", none)) for name in MATRICES]) for k in range(layers)]
    )


def calibrated(model: Any, names: Collection[str], samples: Sequence[Sample]) -> Convert:
    """Return the conversion with the ranges of calibration inputs, smoothed where that helps."""
    seen = watch(model, names, samples)
    unseen = [name for name in names if not seen[name] and not is_written_cell(model.get_submodule(name))]
    if unseen:
        raise RecipeError(f"the calibration inputs never reach {', '.join(unseen)}; exclude these")
    dim = model.input_spec.dims.index(SEQ_LEN)
    refuse_silent(seen, max(s.input.size(dim) if s.lengths is None else int(s.lengths.max()) for s in samples))
    return smooth_and_convert(model, seen, samples, round_in_range, make_static_layer)


def refuse_silent(seen: dict[str, dict[str, Seen]], steps: int) -> None:
    """Refuse calibration in which a matrix multiplied nothing but zeros, and which cannot tell its range.

    A state that is 0 in longer sequences, too, is that of a layer that nobody gives one.

    Args:
        seen: the matrices of each layer.
        steps: of the longest calibration input.

    Raises:
        RecipeError: with the layers.
    """
    silent = {
        (matrix.rpartition(".")[2], name)
        for name, matrices in seen.items()
        for matrix, rows in matrices.items()
        if matrix.rpartition(".")[2] in (MATRICES if steps == 1 else MATRICES[:1]) and rows.count == 0
    }
    if silent:
        places = ", ".join(f"the {kind} values of {name}" for kind, name in sorted(silent))
        others = "other inputs" if any(kind == "input" for kind, _ in silent) else "sequences of more than one step"
        raise RecipeError(
            f"the calibration inputs give no range for {places}, which are always 0; calibrate with {others}, or "
            "exclude what is always 0"
        )


def round_in_range(matrix: Seen) -> Tensor:
    return round_range(matrix.rows, *choose_range(matrix))


def refuse(model: nn.Module, names: Collection[str]) -> nn.Module:
    raise RecipeError(
        "recipe 'static_int8' needs calibration: real inputs that give it the ranges of activations; "
        "recipe 'int8' does without"
    )


register_recipe(
    replace(
        INT8,
        name="static_int8",
        description=f"int8 weights, activations in ranges that calibration inputs give, a quarter of the size; {KINDS}",
        convert=refuse,
        factors=None,  # ranges change while weights do
        calibrated=calibrated,
    )
)
