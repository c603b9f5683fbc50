"""Quantization-aware training: a model computes with a recipe's rounded numbers, and its weights stay float.

The forward pass of each layer has the numbers of the recipe; the gradient goes through the rounding as if it were not
there (Jacob et al. 2018, "Quantization and training of neural networks
for efficient integer-arithmetic-only inference").
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from torch import nn

from zoo.quantization.recipe import RecipeError, find_recipe, list_recipes
from zoo.quantization.refusal import check_layers
from zoo.quantization.selection import select_layers
from zoo.quantization.stored_cells import is_written_cell, rounded_cell
from zoo.quantization.written_out import write_out


@contextmanager
def fake_quantized(model: nn.Module, recipe: str) -> Iterator[None]:
    """Inside, a float model computes with a recipe's numbers, in both modes; afterwards it is as before.

    Train it inside, and `quantize` it afterwards. Layers run step by step in Python, so training takes longer.

    Args:
        model: any module with layers that the recipe converts.
        recipe: one whose products can be rounded so, such as "int8".

    Raises:
        RecipeError: the recipe cannot be trained for, finds nothing to convert, or cannot take a layer.
    """
    chosen = find_recipe(recipe)
    if chosen.factors is None:
        able = [name for name in list_recipes() if find_recipe(name).factors is not None]
        raise RecipeError(f"recipe {recipe!r} cannot be trained for; {', '.join(able)} can")
    selected = select_layers(model, chosen, None, ())
    check_layers(model, chosen, selected)
    found = list(selected.values())
    layers = [layer for layer in found if not is_written_cell(layer)]
    written = [write_out(layer, chosen.factors) for layer in layers]
    with ExitStack() as cells:
        for cell in found:
            if is_written_cell(cell):
                cells.enter_context(rounded_cell(cell, chosen.factors.weight))
        for layer, other in zip(layers, written, strict=True):
            layer.forward = other.forward
        try:
            yield
        finally:
            for layer in layers:
                del layer.forward
