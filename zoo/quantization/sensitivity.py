"""What each layer alone does to the outputs, and which layers have to stay float for that."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from zoo.quantization.recipe import Recipe
from zoo.quantization.shift import FloatReference, OutputShift
from zoo.quantization.trial import try_recipe


def rank_layers(
    model: nn.Module, recipe: Recipe, layers: dict[str, nn.Module], reference: FloatReference
) -> list[tuple[str, OutputShift]]:
    """Return the error that each layer alone makes, the largest first; one that ruins a feature is larger than any."""
    errors = [(name, try_recipe(model, recipe, [name], reference)[1]) for name in layers]
    limit = recipe.limit
    return sorted(errors, key=lambda pair: (-max(1.0, pair[1].feature_share(limit)), -pair[1].rms))


@dataclass(frozen=True)
class Spared:
    """The end of the search.

    Args:
        quantized: the model with the fewest layers in float that is within the limit, or else the last one tried.
        layers: the converted layers, by name.
        error: of its outputs.
        trials: the layers in the order in which they stayed float, each with the error that was left.
    """

    quantized: nn.Module
    layers: dict[str, nn.Module]
    error: OutputShift
    trials: list[tuple[str, OutputShift]]


def spare_layers(model: nn.Module, recipe: Recipe, layers: dict[str, nn.Module], reference: FloatReference) -> Spared:
    """Leave one layer after another in float, the worst first, until the outputs are within the recipe's limit.

    Args:
        model: the float model.
        recipe: converts the layers that are left.
        layers: those that it could convert, at least two.
        reference: measures the outputs.
    """
    trials: list[tuple[str, OutputShift]] = []
    kept = dict(layers)
    for name, _ in rank_layers(model, recipe, layers, reference)[:-1]:
        del kept[name]
        quantized, error = try_recipe(model, recipe, kept, reference)
        trials.append((name, error))
        if not error.exceeds(recipe.limit):
            break
    return Spared(quantized, kept, error, trials)
