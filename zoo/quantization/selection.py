"""Which layers of a model a recipe converts."""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatchcase

from torch import nn
from torch.nn.modules.linear import NonDynamicallyQuantizableLinear

from zoo.quantization.recipe import Recipe, RecipeError


def select_layers(
    model: nn.Module, recipe: Recipe, include: Collection[str] | None, exclude: Collection[str]
) -> dict[str, nn.Module]:
    """Return the layers of a recipe's types, by name, that are included and not excluded.

    The output projection of `nn.MultiheadAttention` is never among them, because the module reads its weight.

    Args:
        include: layers, as names with wildcards (`backbone.*`) or as classes (`LSTM`, `Linear`; `RNNBase` is all of
            `nn.LSTM`, `nn.GRU` and `nn.RNN`); None for all.
        exclude: the same.

    Raises:
        RecipeError: `include` or `exclude` is no list of names, an entry matches no layer of the recipe's types, or
            nothing is left to convert.
    """
    if include is not None:
        check_names("include", include)
    check_names("exclude", exclude)
    possible = {
        name: layer
        for name, layer in model.named_modules()
        if recipe.converts(layer) and not isinstance(layer, NonDynamicallyQuantizableLinear)
    }
    kinds = ", ".join([*(layer.__name__ for layer in recipe.layers), *(["written-out cell"] if recipe.cells else [])])
    if not possible:
        raise RecipeError(f"recipe {recipe.name!r} found nothing to convert: the model has no {kinds}")
    for entry in [*(include or []), *exclude]:
        if not any(matches(name, layer, entry) for name, layer in possible.items()):
            raise RecipeError(
                f"{entry!r} matches no layer that recipe {recipe.name!r} converts; there are {_list(possible)}"
            )
    chosen = {
        name: layer
        for name, layer in possible.items()
        if (include is None or any(matches(name, layer, entry) for entry in include))
        and not any(matches(name, layer, entry) for entry in exclude)
    }
    if not chosen:
        raise RecipeError(f"nothing is left for recipe {recipe.name!r} to convert; it could convert {_list(possible)}")
    return chosen


def check_names(option: str, given: object) -> None:
    """Refuse what is no list of names: a text would be read letter by letter, and an iterator only once.

    Raises:
        RecipeError: it is none.
    """
    if isinstance(given, str):
        raise RecipeError(f"{option} must be a list of names, got the text {given!r}; write [{given!r}]")
    if not isinstance(given, Collection) or not all(isinstance(name, str) for name in given):
        raise RecipeError(f"{option} must be a list of names, got {given!r}")


def matches(name: str, layer: nn.Module, entry: str) -> bool:
    """Return whether an entry of `include` or `exclude` means a layer."""
    return fnmatchcase(name, entry) or any(base.__name__ == entry for base in type(layer).__mro__)


def find_float_matrices(float_model: nn.Module, quantized: nn.Module) -> dict[str, float]:
    """Return the parameters with rows and columns that are still in float, the largest first.

    Returns:
        Names, each with its share of the bytes of all the float model's parameters.
    """
    whole = sum(parameter.nbytes for parameter in float_model.parameters())
    shares = {
        name: parameter.nbytes / whole
        for name, parameter in quantized.named_parameters()
        if sum(size > 1 for size in parameter.shape) > 1
    }
    return dict(sorted(shares.items(), key=lambda entry: -entry[1]))


def _list(layers: dict[str, nn.Module]) -> str:
    return ", ".join(f"{name or 'the model itself'} ({type(layer).__name__})" for name, layer in layers.items())
