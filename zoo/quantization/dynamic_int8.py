"""Recipe `dynamic_int8`: PyTorch's own dynamic quantization. Any LibTorch runs the file.

PyTorch silently leaves `nn.RNN` float, and converts layers with `proj_size` into ones that fail when called. The recipe
refuses these layers. One scale for all activations of a call makes a result depend on the rest of its batch.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

import torch
from torch import nn

from zoo.artifact.tolerances import INT8_LIMIT, INT8_REPLAY
from zoo.quantization.recipe import Recipe, RecipeError, plain_objection, register_recipe, replace_layers
from zoo.quantization.stored_state import FITS

LAYERS = (nn.LSTM, nn.GRU, nn.RNN, nn.LSTMCell, nn.GRUCell, nn.RNNCell, nn.Linear)


def objection(layer: nn.Module) -> str | None:
    if isinstance(layer, nn.RNN):
        return "is nn.RNN, which PyTorch's dynamic quantization leaves float"
    if isinstance(layer, nn.RNNBase) and layer.proj_size:
        return f"has proj_size={layer.proj_size}, and fails when called once quantized"
    if isinstance(layer, nn.RNNBase | nn.RNNCellBase) and not layer.bias:
        return "has bias=False; PyTorch quantizes recurrent layers with biases only"
    return plain_objection(layer)


def convert(model: nn.Module, names: Collection[str]) -> nn.Module:
    converted = replace_layers(model, names, convert_layer)
    if "" not in names:
        converted.register_load_state_dict_pre_hook(partial(refuse_others, names=tuple(names)))
    return converted


def convert_layer(layer: nn.Module) -> nn.Module:
    """Return a layer as PyTorch quantizes it: of a whole model, PyTorch converts one name of a layer that has two."""
    made: nn.Module = torch.ao.quantization.quantize_dynamic(nn.ModuleList([layer]), {"0"}, dtype=torch.qint8)[0]
    return made


def refuse_others(
    model: nn.Module, state_dict: Mapping[str, Any], prefix: str, *_: Any, names: Collection[str]
) -> None:
    """Refuse a state dict without the weights of the named layers: PyTorch's own would raise a bare `KeyError`.

    Raises:
        RecipeError: a weight is missing.
    """
    own = [key for name in names for key in model.get_submodule(name).state_dict(prefix=f"{prefix}{name}.")]
    missing = [key for key in own if key not in state_dict]
    if missing:
        raise RecipeError(f"the state dict has no {', '.join(missing)}; {FITS}")


register_recipe(
    Recipe(
        name="dynamic_int8",
        description="int8 weights, one scale for the activations of a call; LSTM, GRU, cells, Linear; for any LibTorch",
        objection=objection,
        layers=LAYERS,
        convert=convert,
        rounds_activations=True,
        limit=INT8_LIMIT,
        replay=INT8_REPLAY,
        regrouped=None,
        uses_backend=True,
    )
)
