"""What a quantization recipe is, and the registry of all recipes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from torch import nn

from zoo.artifact.golden import Sample
from zoo.artifact.tolerances import ErrorLimit, Tolerance
from zoo.errors import RegistrationError, ZooError
from zoo.quantization.stored_cells import cell_objection, is_written_cell
from zoo.quantization.written_out import Factors


class RecipeError(ZooError, ValueError):
    """A recipe cannot do what it promises with this model; the message says why."""


Convert = Callable[[nn.Module, Collection[str]], nn.Module]


@dataclass(frozen=True)
class Recipe:
    """One way to quantize.

    Args:
        name: as given to `quantize`.
        description: one line.
        objection: says why the recipe cannot take a layer of one of its types, as the end of a sentence that begins
            with the layer's name; None if it can.
        layers: the types of layer that the recipe promises to convert.
        cells: whether it also converts written-out cells, of which it rounds the matrices alone.
        rounds_activations: whether it rounds the activations of layers, too; never those of written-out cells.
        convert: turns the named layers of a float module in eval mode, which it may change, into quantized ones.
        limit: how far outputs may move from those of the float model.
        replay: tolerance of C++ against the Python twin, on whole sequences.
        regrouped: the same in chunks or other batches; None if only `limit` bounds it, because one scale for the
            activations depends on the whole batch, or a rounding difference before a layer moves an activation to the
            next of 256 levels.
        uses_backend: whether PyTorch's quantized backend packs the converted weights.
        spares: whether the layers that move the outputs most stay float until the outputs are within the limit.
        portable: the recipe that `zoo script --portable` writes besides, for any LibTorch; empty if its own is for any.
        uses_engine: whether the file has weights that are packed for the fused engine, and calls its operators.
        factors: what its products compute with, for training; None where this is not written in float.
        calibrated: gets the float model, the names of the layers to convert and real inputs, and returns a `convert`
            that has learned from these; None if the recipe learns nothing from inputs.
    """

    name: str
    description: str
    objection: Callable[[nn.Module], str | None]
    layers: tuple[type[nn.Module], ...]
    convert: Convert
    limit: ErrorLimit
    replay: Tolerance
    regrouped: Tolerance | None
    cells: bool = False
    rounds_activations: bool = False
    uses_backend: bool = False
    uses_engine: bool = False
    spares: bool = False
    portable: str = ""
    factors: Factors | None = None
    calibrated: Callable[[nn.Module, Collection[str], Sequence[Sample]], Convert] | None = None

    def converts(self, layer: nn.Module) -> bool:
        """Return whether the recipe promises to convert a layer."""
        return isinstance(layer, self.layers) or (self.cells and is_written_cell(layer))


_recipes: dict[str, Recipe] = {}


def register_recipe(recipe: Recipe) -> None:
    """Make a recipe known to `zoo.quantize`.

    Raises:
        RegistrationError: the name is taken.
    """
    if recipe.name in _recipes:
        raise RegistrationError(f"recipe {recipe.name!r} is registered already; choose another name")
    _recipes[recipe.name] = recipe


def list_recipes() -> list[str]:
    """Return the names of all recipes, sorted."""
    return sorted(_recipes)


def find_recipe(name: str) -> Recipe:
    """Return the recipe of a name.

    Raises:
        RecipeError: no recipe has this name.
    """
    if not isinstance(name, str) or name not in _recipes:
        raise RecipeError(f"no recipe is called {name!r}; there are {', '.join(list_recipes())}")
    return _recipes[name]


def calibrate(recipe: Recipe, model: nn.Module, names: Collection[str], calibration: Sequence[Sample] | None) -> Recipe:
    """Return a recipe that has learned from real inputs, or the recipe itself where there are none.

    Raises:
        RecipeError: it learns nothing from inputs.
    """
    if calibration is None:
        return recipe
    if recipe.calibrated is None:
        able = [name for name in list_recipes() if find_recipe(name).calibrated is not None]
        raise RecipeError(f"recipe {recipe.name!r} takes no calibration; {', '.join(able)} do")
    return replace(recipe, convert=recipe.calibrated(model, list(names), calibration))


def replace_layers(model: nn.Module, names: Collection[str], make: Callable[[nn.Module], nn.Module]) -> nn.Module:
    """Replace layers of a module, under all names that each has, by what `make` gives, and return the module."""
    for name in names:
        layer = model.get_submodule(name)
        made = make(layer).eval()
        if layer is model:
            return made
        for alias, other in list(model.named_modules(remove_duplicate=False)):
            if other is layer:
                model.set_submodule(alias, made)
    return model


def plain_objection(layer: nn.Module) -> str | None:
    """Return why a layer does not compute what PyTorch's plain layer does, or None: for recipes with own layers.

    A written-out cell keeps its own equation, and has other reasons.
    """
    if is_written_cell(layer):
        return cell_objection(layer)
    if type(layer).__module__.partition(".")[0] not in ("torch", "zoo"):
        return f"is a {type(layer).__name__}, which may compute something else than PyTorch's layer"
    if layer._forward_hooks or layer._forward_pre_hooks:
        return "has a forward hook, which a converted layer would not run"
    if isinstance(layer, nn.Embedding) and layer.max_norm is not None:
        return "has max_norm, which changes its weights in every call"
    if isinstance(layer, nn.Conv1d) and layer.padding_mode != "zeros":
        return f"has padding_mode={layer.padding_mode!r}, expected 'zeros'"
    return None
