"""A conversion is tried: it either changes every named layer and runs, or the error says which layers prevent that.

The code around a layer is the user's. It can read the weights of a layer that a recipe converts, and then fails.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection
from typing import TypeVar

from torch import nn

from zoo.artifact.golden import SampleError
from zoo.artifact.torchscript import without_notices
from zoo.errors import ZooError
from zoo.quantization.recipe import Recipe, RecipeError
from zoo.quantization.shift import FloatReference, OutputShift

Result = TypeVar("Result")


def try_recipe(
    model: nn.Module, recipe: Recipe, names: Collection[str], reference: FloatReference
) -> tuple[nn.Module, OutputShift]:
    """Convert layers of a copy of a float model; return the copy and the error of its outputs.

    Raises:
        RecipeError: the conversion or the model after it fails, or a layer is still float.
    """

    def convert_and_measure(some: list[str]) -> tuple[nn.Module, OutputShift]:
        with without_notices():
            quantized = recipe.convert(copy.deepcopy(model), some)
        return quantized, reference.measure(quantized)

    quantized, error = blame_layers(convert_and_measure, recipe, names)
    unchanged = find_unchanged(model, quantized, names)
    if unchanged:
        raise RecipeError(
            f"recipe {recipe.name!r} left {', '.join(unchanged)} float; exclude them or use another recipe"
        )
    return quantized, error


def blame_layers(attempt: Callable[[list[str]], Result], recipe: Recipe, names: Collection[str]) -> Result:
    """Return what an attempt on layers gives. Where it fails, find the layers with which it fails alone.

    Raises:
        RecipeError: the attempt fails; errors that are the package's own stay as they are.
    """
    try:
        return attempt(list(names))
    except Exception as error:  # the user's code may raise anything
        if _is_own(error):
            raise
        guilty = [name for name in names if len(names) == 1 or _fails(attempt, name)] or list(names)
        reason = (str(error).strip().splitlines() or [""])[0]
        raise RecipeError(
            f"recipe {recipe.name!r} cannot take this model: once {', '.join(guilty)} "
            f"{'is' if len(guilty) == 1 else 'are'} converted, it fails with {type(error).__name__}: {reason}; exclude "
            "every layer whose weights a module reads"
        ) from error


def _fails(attempt: Callable[[list[str]], object], name: str) -> bool:
    try:
        attempt([name])
    except Exception as error:
        return not _is_own(error)
    return False


def _is_own(error: Exception) -> bool:
    """Whether an error already says what is wrong: a sample fits the float model, so NaN comes from the layers."""
    return isinstance(error, ZooError) and not isinstance(error, SampleError)


def find_unchanged(model: nn.Module, quantized: nn.Module, names: Collection[str]) -> list[str]:
    """Return the names under which layers of a float model are still of their types in the quantized one.

    A layer can have several names. The model may call it by each.
    """
    named = list(model.named_modules(remove_duplicate=False))
    after = dict(quantized.named_modules(remove_duplicate=False))
    layers = {id(model.get_submodule(name)) for name in names}
    return [
        alias or "the model itself"
        for alias, layer in named
        if id(layer) in layers and type(after.get(alias)) is type(layer)
    ]
