"""Layers of a file in PyTorch's form, and the places of a module that take them, in the order of the data.

Files of other programs name their weights in their own ways, so layers find their places by kind and order.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

REVERSE = "_reverse"
RECURRENT = {"LSTM": "lstm", "GRU": "gru", "RNN_TANH": "rnn", "RNN_RELU": "rnn_relu"}  # by `nn.RNNBase.mode`


@dataclass(frozen=True)
class Layer:
    """A layer of a file.

    Args:
        name: as the file calls it.
        kind: "standardize", "embedding", "conv", "linear", "lstm", "gru", "rnn", "rnn_relu", or a cell that is written
            out, such as "reset_before_gru".
        tensors: in PyTorch's layout and order of gates. The names are `weight` and `bias`, or those of a recurrent
            layer without its number: `weight_ih`, `weight_hh_reverse`.
    """

    name: str
    kind: str
    tensors: dict[str, Tensor]


@dataclass(frozen=True)
class FileModel:
    """All layers with weights of a file, in the order of the data.

    Args:
        layers: what PyTorch has a layer for.
        faults: what it has none for, one line each.
    """

    layers: list[Layer]
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Slot:
    """A place for a layer in a module: the name in the state dict of each tensor of the layer."""

    name: str
    kind: str
    keys: dict[str, str]


def find_slots(module: nn.Module) -> list[Slot]:
    """Return the places of a module, in the order in which it holds them."""
    slots: list[Slot] = []
    for name, part in module.named_modules():
        dot = f"{name}." if name else ""
        if isinstance(part, nn.RNNBase):
            slots += [_recurrent_slot(part, dot, layer) for layer in range(part.num_layers)]
        elif hasattr(part, "cell_module"):  # one direction of a layer of zoo.models.written
            suffix = REVERSE if part.reverse else ""
            keys = {own + suffix: f"{dot}cell_module.{own}" for own in part.cell_module.state_dict()}
            if part.reverse:
                slots[-1].keys.update(keys)
            else:
                slots.append(Slot(name, part.cell_module.cell, keys))
        elif hasattr(part, "set_statistics"):
            slots.append(Slot(name, "standardize", {own: dot + own for own in ("mean", "std")}))
        else:
            kinds = ((nn.Embedding, "embedding"), (nn.Linear, "linear"), (nn.Conv1d, "conv"))
            kind = next((title for base, title in kinds if isinstance(part, base)), None)
            if kind:
                slots.append(Slot(name, kind, {own: dot + own for own in part.state_dict()}))
    return slots


def _recurrent_slot(part: nn.RNNBase, dot: str, layer: int) -> Slot:
    ending = f"_l{layer}"
    keys = {}
    for own in part.state_dict():
        base, _, rest = own.partition(ending)
        if rest in ("", REVERSE) and own == base + ending + rest:
            keys[base + rest] = dot + own
    return Slot(f"{dot.rstrip('.')} layer {layer}".lstrip(), RECURRENT[part.mode], keys)


def place_layers(module: nn.Module, layers: Sequence[Layer]) -> tuple[dict[str, Tensor], list[str]]:
    """Give the layers of a file to the places of a module.

    A bias that the file does not have becomes 0, and one that is 0 needs no place.

    Returns:
        A state dict of what has a place, and one line for every tensor that has none.
    """
    slots = find_slots(module)
    own = module.state_dict()
    match = difflib.SequenceMatcher(None, [a.kind for a in layers], [b.kind for b in slots], autojunk=False)
    place_of = {i + k: slots[j + k] for i, j, size in match.get_matching_blocks() for k in range(size)}
    state: dict[str, Tensor] = {}
    faults: list[str] = []
    for k, layer in enumerate(layers):
        slot = place_of.get(k)
        if slot is None:
            shapes = ", ".join(f"{name} {list(tensor.shape)}" for name, tensor in layer.tensors.items())
            faults.append(f"unexpected {layer.kind} {layer.name}: {shapes}")
            continue
        for name, tensor in layer.tensors.items():
            if name in slot.keys:
                state[slot.keys[name]] = tensor
            elif not (name.startswith("bias") and not tensor.any()):
                faults.append(f"unexpected {name} {list(tensor.shape)} of {layer.name}: {slot.name} has none")
        for name, key in slot.keys.items():
            if name.startswith("bias") and name not in layer.tensors and _has_weights(layer, name):
                state[key] = torch.zeros_like(own[key])
    return state, faults


def _has_weights(layer: Layer, bias: str) -> bool:
    """Whether the layer has the direction that a bias belongs to."""
    suffix = REVERSE if bias.endswith(REVERSE) else ""
    return f"weight{suffix}" in layer.tensors or f"weight_hh{suffix}" in layer.tensors
