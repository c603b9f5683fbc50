"""Quantization recipes: a recipe says which models it can convert, converts a copy, and proves that it did.

PyTorch's `quantize_dynamic` silently leaves `nn.RNN` float, converts layers with `proj_size` into ones that fail when
called, and does nothing to a scripted module. A recipe refuses these models and says why.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from zoo.artifact.golden import Sample, draw_samples, record, valid_values
from zoo.artifact.signature import infer_signature
from zoo.artifact.tolerances import FLOAT16_LIMIT, FP32, INT8_LIMIT, INT8_REPLAY, ErrorLimit, Tolerance
from zoo.artifact.torchscript import without_notices
from zoo.errors import ZooError
from zoo.model import Model, QuantizationRecord

# What `quantize_dynamic` converts.
DYNAMIC_LAYERS = (nn.LSTM, nn.GRU, nn.LSTMCell, nn.GRUCell, nn.RNNCell, nn.Linear)


class RecipeError(ZooError, ValueError):
    """A recipe cannot do what it promises with this model; the message says why."""


@dataclass(frozen=True)
class Recipe:
    """One way to quantize.

    Args:
        name: as given to `quantize`.
        description: one line.
        objections: returns why the recipe cannot take a module, one sentence per reason; empty if it can.
        layers: the types of layer that the recipe promises to convert.
        convert: turns a float module in eval mode, which it may change, into the quantized one.
        limit: how far outputs may move from those of the float model.
        replay: tolerance of C++ against the Python twin, on whole sequences.
        regrouped: the same in chunks or other batches; None if only `limit` bounds it, because one scale for the
            activations depends on the whole batch.
        uses_backend: whether PyTorch's quantized backend packs the converted weights.
    """

    name: str
    description: str
    objections: Callable[[nn.Module], list[str]]
    layers: tuple[type[nn.Module], ...]
    convert: Callable[[nn.Module], nn.Module]
    limit: ErrorLimit
    replay: Tolerance
    regrouped: Tolerance | None
    uses_backend: bool = False


_recipes: dict[str, Recipe] = {}


def register_recipe(recipe: Recipe) -> None:
    """Make a recipe known to `zoo.quantize`.

    Raises:
        ValueError: the name is taken.
    """
    if recipe.name in _recipes:
        raise ValueError(f"recipe {recipe.name!r} is registered already; choose another name")
    _recipes[recipe.name] = recipe


def list_recipes() -> list[str]:
    """Return the names of all recipes, sorted."""
    return sorted(_recipes)


def find_recipe(name: str) -> Recipe:
    """Return the recipe of a name.

    Raises:
        RecipeError: no recipe has this name.
    """
    if name not in _recipes:
        raise RecipeError(f"no recipe is called {name!r}; there are {', '.join(list_recipes())}")
    return _recipes[name]


def quantize(model: nn.Module, recipe: str, *, samples: Sequence[Sample] | None = None) -> Model:
    """Return a quantized copy of a model; the model stays as it is.

    Args:
        model: an eager float32 module on the CPU that keeps the contract.
        recipe: a name of `list_recipes()`.
        samples: real inputs on which to measure the error; drawn at random if None.

    Returns:
        A new module in eval mode, as from `zoo.build`, with a `QuantizationRecord` as its `quantization`.

    Raises:
        RecipeError: the recipe does not exist or cannot take the model, a layer did not change, or the error is
            beyond the recipe's limit.
    """
    chosen = find_recipe(recipe)
    objections = _common_objections(model) or chosen.objections(model)
    if objections:
        raise RecipeError(f"recipe {recipe!r} cannot take this model: " + "; ".join(objections))
    float_model = copy.deepcopy(model).eval()
    promised = {name: type(m) for name, m in float_model.named_modules() if isinstance(m, chosen.layers)}
    if not promised:
        raise RecipeError(f"recipe {recipe!r} found nothing to convert: the model has no {_names(chosen.layers)}")
    with without_notices():
        quantized: Any = chosen.convert(copy.deepcopy(float_model))
    unchanged = [name for name, was in promised.items() if type(quantized.get_submodule(name)) is was]
    if unchanged:
        raise RecipeError(
            f"recipe {recipe!r} left {', '.join(unchanged)} float; leave such layers out of the model or use another "
            "recipe"
        )
    error, error_of = _measure_error(float_model, quantized, samples, chosen.limit)
    if error["max_of_range"] > chosen.limit.max_of_range or error["rms_of_std"] > chosen.limit.rms_of_std:
        raise RecipeError(
            f"recipe {recipe!r} moves the outputs by {error['max_of_range']:.2%} of their range (limit "
            f"{chosen.limit.max_of_range:.0%}), rms {error['rms_of_std']:.2%} of their deviation (limit "
            f"{chosen.limit.rms_of_std:.1%}); use a recipe with more bits or give real samples"
        )
    quantized.quantization = QuantizationRecord(
        recipe=recipe,
        backend=torch.backends.quantized.engine if chosen.uses_backend else "",
        layers={name: was.__name__ for name, was in promised.items()},
        error=error,
        replay=chosen.replay,
        regrouped=chosen.regrouped,
        error_of=error_of,
    )
    return quantized


def _common_objections(model: nn.Module) -> list[str]:
    if any(isinstance(m, torch.jit.ScriptModule) for m in model.modules()):
        return ["it is scripted, and PyTorch then silently changes nothing: quantize first, script afterwards"]
    done = getattr(model, "quantization", None)
    if done is not None:
        return [f"it is quantized already, by {done.recipe!r}"]
    found = []
    other = sorted({str(p.dtype) for p in model.parameters() if p.dtype != torch.float32})
    if other:
        found.append(f"its weights must be torch.float32, got {', '.join(other)}")
    if any(p.device.type != "cpu" for p in model.parameters()):
        found.append("its weights must lie on the CPU: call .cpu() first")
    return found


def _dynamic_objections(model: nn.Module) -> list[str]:
    found = []
    for name, layer in model.named_modules():
        if isinstance(layer, nn.RNN):
            found.append(f"{name or 'it'} is nn.RNN, which PyTorch's dynamic quantization leaves float")
        elif isinstance(layer, nn.RNNBase) and layer.proj_size:
            found.append(f"{name or 'it'} has proj_size={layer.proj_size}, and fails when called once quantized")
        if isinstance(layer, nn.RNNBase | nn.RNNCellBase) and not layer.bias:
            found.append(f"{name or 'it'} has bias=False; PyTorch quantizes recurrent layers with biases only")
    return found


def _dynamic_converter(dtype: torch.dtype) -> Callable[[nn.Module], nn.Module]:
    def convert(model: nn.Module) -> nn.Module:
        return torch.ao.quantization.quantize_dynamic(model, set(DYNAMIC_LAYERS), dtype=dtype)

    return convert


def _measure_error(
    float_model: nn.Module, quantized: nn.Module, samples: Sequence[Sample] | None, limit: ErrorLimit
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the error of the outputs, and the error that the limit allows each output and state."""
    signature = infer_signature(float_model)
    samples = draw_samples(signature) if samples is None else samples
    expected, got = record(float_model, samples), record(quantized, samples)
    outputs = torch.cat([valid_values(g.output, g.sample, signature) for g in expected])
    differences = torch.cat([valid_values(g.output, g.sample, signature) for g in got]) - outputs
    rms = float(differences.square().mean().sqrt())
    error = {
        "max_abs": float(differences.abs().max()),
        "rms": rms,
        "max_of_range": _ratio(float(differences.abs().max()), _range(outputs)),
        "rms_of_std": _ratio(rms, float(outputs.std())),
    }
    error_of = {signature.outputs[0].name: limit.max_of_range * _range(outputs)}
    for i, part in enumerate(signature.state):
        values = torch.cat([g.state[i].double().flatten() for g in expected])
        error_of[part.name] = limit.max_of_range * _range(values)
    return error, error_of


def _range(values: Tensor) -> float:
    return float(values.max() - values.min())


def _ratio(error: float, scale: float) -> float:
    return error / scale if scale else float(error > 0)


def _names(types: tuple[type[nn.Module], ...]) -> str:
    return ", ".join(layer.__name__ for layer in types)


register_recipe(
    Recipe(
        name="dynamic_int8",
        description="int8 weights, activations quantized in each call; LSTM, GRU, their cells, Linear; CPU",
        objections=_dynamic_objections,
        layers=DYNAMIC_LAYERS,
        convert=_dynamic_converter(torch.qint8),
        limit=INT8_LIMIT,
        replay=INT8_REPLAY,
        regrouped=None,
        uses_backend=True,
    )
)
register_recipe(
    Recipe(
        name="float16",
        description="float16 weights, float32 arithmetic; LSTM, GRU, their cells, Linear; CPU",
        objections=_dynamic_objections,
        layers=DYNAMIC_LAYERS,
        convert=_dynamic_converter(torch.float16),
        limit=FLOAT16_LIMIT,
        replay=FP32,
        regrouped=Tolerance(1e-5, 1e-5),
        uses_backend=True,
    )
)
