"""Why a recipe moves the outputs too far: which layer does it, and which recipe would not."""

from __future__ import annotations

from torch import nn

from zoo.quantization.recipe import Recipe, RecipeError, find_recipe, list_recipes
from zoo.quantization.selection import select_layers
from zoo.quantization.sensitivity import rank_layers, spare_layers
from zoo.quantization.shift import FloatReference, OutputShift
from zoo.quantization.trial import try_recipe

# The smallest files first.
BETTER = ("int8", "mixed", "bf16", "float16")


def check_layers(model: nn.Module, recipe: Recipe, layers: dict[str, nn.Module]) -> None:
    """Refuse layers that a recipe does not take.

    Raises:
        RecipeError: with all of them, and another recipe that takes the model, if there is one.
    """
    objections = [
        f"{name or 'it'} {objection}" for name, layer in layers.items() if (objection := recipe.objection(layer))
    ]
    if objections:
        other = "".join(f", or use recipe {name!r}" for name in list_others(model, recipe)[:1])
        raise RecipeError(
            f"recipe {recipe.name!r} cannot take this model: {'; '.join(objections)}; exclude these{other}"
        )


def explain_refusal(
    model: nn.Module,
    recipe: Recipe,
    layers: dict[str, nn.Module],
    reference: FloatReference,
    error: OutputShift,
    steps: int = 0,
) -> str:
    """Return the message for a recipe whose error, perhaps over so many steps, is beyond its limit."""
    message = f"recipe {recipe.name!r} {error.describe(recipe.limit, f' over {steps:,} steps' if steps else '')}"
    if len(layers) > 1:
        ranked = rank_layers(model, recipe, layers, reference)
        what = "rms" if error.changed is None else "share"
        parts = [
            f"{name} {alone.rms_of_std if alone.changed is None else alone.changed:.2%}" for name, alone in ranked[:2]
        ]
        message += f"; {what} of the worst layers alone: {', '.join(parts)}"
    better = find_better(model, recipe, reference)
    return message + (f"; {better}" if better else "; exclude the worst layer, or keep the model in float")


def find_better(model: nn.Module, recipe: Recipe, reference: FloatReference) -> str:
    """Return an advice to use the first other recipe that takes the model and stays within its limit, or nothing."""
    for name in list_others(model, recipe):
        other = find_recipe(name)
        layers = select_layers(model, other, None, ())
        try:
            _, error = try_recipe(model, other, layers, reference)
            if other.spares and error.exceeds(other.limit) and len(layers) > 1:
                error = spare_layers(model, other, layers, reference).error
        except RecipeError:
            continue  # it converts layers that the first recipe leaves, and a module may read the weights of these
        if not error.exceeds(other.limit):
            if error.changed is not None:
                return f"use recipe {name!r}, which changes {error.changed:.2%} of them"
            return f"use recipe {name!r}, which moves them by {error.max_of_range:.2%}, rms {error.rms_of_std:.2%}"
    return ""


def list_others(model: nn.Module, recipe: Recipe) -> list[str]:
    """Return the other recipes that take every layer of their types in a model."""
    others = [find_recipe(name) for name in BETTER if name != recipe.name and name in list_recipes()]
    return [
        other.name
        for other in others
        if not any(other.objection(layer) for layer in select_layers(model, other, None, ()).values())
    ]
