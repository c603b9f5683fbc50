"""Smoothing: a factor for each input channel of a layer moves range from the activations into the weights.

A row of activations has one scale, so a channel of small numbers beside one of large numbers becomes a few steps or
none. Divided by s_j = max|x_j|^alpha / max|w_j|^(1 - alpha), channels are more alike, and column j of the weights is
multiplied by s_j (Xiao et al. 2022, "SmoothQuant", equation 4). Factors here are powers of two, so that products in
float32 stay the same to the last bit.

The division goes into the statistics that standardise the input, where they do nothing else. Otherwise the layer
multiplies its input itself. The states of a model do not change.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from zoo.artifact.golden import GoldenSample, Sample, record, worst_difference
from zoo.quantization.calibration import Seen
from zoo.quantization.engine_layers import InputScale, find_core
from zoo.quantization.int8_numbers import round_channels
from zoo.quantization.recipe import Convert, replace_layers

ALPHAS = (0.25, 0.5, 0.75, 1.0)
FEWEST = 256  # rows of activations: a channel that is quiet in a few may be loud in the next
WORTH = 0.5  # share of the plain rms error that may be left: less gain is not worth a product in every call
LEAST = 1e-5  # of the largest: smaller maxima count as this, which keeps factors finite

RoundRows = Callable[[Seen], Tensor]  # the activations of a matrix, as a recipe rounds them
MakeLayer = Callable[[Any, dict[str, Seen]], nn.Module]


@dataclass(frozen=True)
class Smoothing:
    """How a layer is smoothed: with factors (columns,), by which `absorber` divides, or the layer if that is empty."""

    alpha: float
    factors: Tensor
    absorber: str = ""


def smooth_and_convert(
    model: nn.Module,
    seen: dict[str, dict[str, Seen]],
    samples: Sequence[Sample],
    round_rows: RoundRows,
    make: MakeLayer,
) -> Convert:
    """Return a conversion that smooths layers where that leaves a smaller error on calibration inputs.

    Args:
        model: in float.
        seen: the matrices of each layer to convert, and the rows that they multiplied.
        samples: the calibration inputs.
        round_rows: rounds as the recipe does.
        make: turns a float layer, with its matrices and rows, into a quantized one.
    """
    golden = record(model, samples)
    found: dict[str, Smoothing] = {}
    for name, matrices in seen.items():
        chosen = choose_smoothing(input_matrices(model.get_submodule(name), matrices), round_rows)
        if chosen is not None:
            found[name] = replace(chosen, absorber=find_absorber(model, name, chosen.factors, golden))

    def convert(module: nn.Module, names: Collection[str]) -> nn.Module:
        for name in names:
            smoothing = found.get(name)
            if smoothing is not None and smoothing.absorber:
                module.get_submodule(smoothing.absorber).get_buffer("std").mul_(smoothing.factors)
            module = replace_layers(module, [name], partial(make_smoothed, smoothing, seen[name], make))
        return module

    return convert


@torch.no_grad()
def make_smoothed(smoothing: Smoothing | None, seen: dict[str, Seen], make: MakeLayer, layer: nn.Module) -> nn.Module:
    """Return the quantized layer of a float one; where this is smoothed first, `smoothing_alpha` tells of it."""
    if smoothing is None:
        return make(layer, seen)
    scaled = {name: scale(matrix, smoothing.factors) for name, matrix in input_matrices(layer, seen).items()}
    made: Any = make(scale_weights(layer, smoothing.factors), seen | scaled)
    if not smoothing.absorber:
        find_core(made).input_scale = InputScale(1 / smoothing.factors)
    made.smoothing_alpha = smoothing.alpha
    return made


def input_matrices(layer: Any, seen: dict[str, Seen]) -> dict[str, Seen]:
    """Return the matrices of a layer that multiply its input; in both directions there are two."""
    names = ("input", "0.input", "1.input" if getattr(layer, "bidirectional", False) else "")
    return {name: matrix for name, matrix in seen.items() if name in names}


@torch.no_grad()
def choose_smoothing(seen: dict[str, Seen], round_rows: RoundRows) -> Smoothing | None:
    """Return the smoothing with the smallest error of the products of these matrices; None if it is not worth it."""
    matrices = list(seen.values())
    if not matrices or matrices[0].count < FEWEST:
        return None  # an embedding, a cell whose activations stay float, or too little to judge by
    # What factors are learned from must not judge them.
    learn = [replace(matrix, kept=[matrix.rows[: len(matrix.rows) // 2]]) for matrix in matrices]
    judge = [replace(matrix, kept=[matrix.rows[len(matrix.rows) // 2 :]]) for matrix in matrices]

    def measure(factors: Tensor) -> float:
        return sum(product_error(scale(matrix, factors), round_rows) for matrix in judge)

    errors = {alpha: measure(choose_factors(learn, alpha)) for alpha in ALPHAS}
    best = min(errors, key=lambda alpha: errors[alpha])
    plain = measure(torch.ones(matrices[0].weight.size(1)))
    return Smoothing(best, choose_factors(matrices, best)) if errors[best] < WORTH**2 * plain else None


def choose_factors(matrices: Sequence[Seen], alpha: float) -> Tensor:
    """Return the factor of each input channel, a power of two. A channel that never came counts as the largest one."""
    came = torch.stack([matrix.rows.abs().amax(0) for matrix in matrices]).amax(0)  # (columns,)
    weight = torch.stack([matrix.weight.abs().amax(0) for matrix in matrices]).amax(0)
    came = torch.where(came > 0, came, came.amax())
    came, weight = (part.clamp(min=max(float(part.amax()), LEAST) * LEAST) for part in (came, weight))
    return torch.exp2((alpha * came.log2() - (1 - alpha) * weight.log2()).round())


def scale(matrix: Seen, factors: Tensor) -> Seen:
    """Return a matrix whose columns are multiplied by factors, and its activations divided by them."""
    return replace(matrix, weight=matrix.weight * factors, kept=[rows / factors for rows in matrix.kept])


def product_error(matrix: Seen, round_rows: RoundRows) -> float:
    """Return the mean squared error of the product of rounded activations and weights."""
    rounded = round_rows(matrix) @ round_channels(matrix.weight).T
    return float((rounded - matrix.rows @ matrix.weight.T).square().mean())


@torch.no_grad()
def scale_weights(layer: Any, factors: Tensor) -> Any:
    """Return a copy of a float layer whose weights of the input are multiplied by factors."""
    scaled = copy.deepcopy(layer)
    for name in ("weight", "weight_ih", "weight_ih_l0", "weight_ih_l0_reverse"):
        if hasattr(scaled, name):
            getattr(scaled, name).mul_(factors.view(getattr(scaled, name).shape[1:]))
    return scaled


def find_absorber(model: Any, name: str, factors: Tensor, golden: Sequence[GoldenSample]) -> str:
    """Return the part of a model that standardises the input of a layer and nothing else, or "" if there is none.

    It is found by trial: no output and no state may change.
    """
    for place, part in model.named_modules():
        if hasattr(part, "set_statistics") and getattr(part, "std", factors[:0]).shape == factors.shape:
            trial = replace_layers(copy.deepcopy(model), [name], partial(scale_weights, factors=factors))
            trial.get_submodule(place).get_buffer("std").mul_(factors)
            if worst_difference(trial, golden) == 0.0:
                return str(place)
    return ""
