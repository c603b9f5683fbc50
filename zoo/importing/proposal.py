"""Which models of the zoo the layers of a file may be: few, because the proof decides between them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zoo.weights.errors import WeightsError
from zoo.weights.layers import REVERSE, Layer

BEFORE = ("standardize", "embedding")
POOLINGS = ("last", "mean", "max")


@dataclass(frozen=True)
class Proposal:
    """A registered model with the fields of its configuration."""

    name: str
    fields: dict[str, Any]

    def __str__(self) -> str:
        return " ".join([self.name, *(f"{field}={value}" for field, value in self.fields.items())])


def propose(layers: Sequence[Layer], *, per_step: bool, activation: str) -> list[Proposal]:
    """Return the models that these layers may be.

    Args:
        layers: of the file.
        per_step: whether the file gives an output for every step.
        activation: what the file does after its last layer.

    Raises:
        WeightsError: no model of the zoo has such layers.
    """
    first = layers[0] if layers and layers[0].kind in BEFORE else None
    rest = list(layers[1:] if first else layers)
    head = rest.pop() if rest and rest[-1].kind == "linear" else None
    kinds = {layer.kind for layer in rest}
    if len(kinds) != 1 or not all("weight_ih" in layer.tensors for layer in rest):
        order = ", ".join(layer.kind for layer in layers) or "none"
        raise WeightsError(
            f"no model of the zoo has these layers: {order}; expected an embedding or standardisation or none, "
            "recurrent layers of one kind, a linear layer or none"
        )
    fields = {**_stack_fields(rest), **_front_fields(first)}
    family = rest[0].kind
    tasks = _tasks(head, per_step, activation)
    return [
        Proposal(f"{family}_{task}", {**fields, **more, "batch_first": batch_first})
        for task, more in tasks
        for batch_first in (True, False)
    ]


def _stack_fields(rest: Sequence[Layer]) -> dict[str, Any]:
    """Return the fields of the recurrent layers, which must be alike."""
    width = rest[0].tensors["weight_hh"].shape[1]
    bidirectional = f"weight_hh{REVERSE}" in rest[0].tensors
    for before, layer in itertools.pairwise(rest):
        tensors = layer.tensors
        alike = tensors["weight_hh"].shape[1] == width and (f"weight_hh{REVERSE}" in tensors) == bidirectional
        if not alike or tensors["weight_ih"].shape[1] != width * (1 + bidirectional):
            raise WeightsError(
                f"the layers {before.name} and {layer.name} differ in size or direction, or one does not read the "
                "other; the recurrent layers of a model of the zoo are alike"
            )
    return {
        "input_size": rest[0].tensors["weight_ih"].shape[1],
        "hidden_size": width,
        "num_layers": len(rest),
        "dropout": 0.0,
        "bidirectional": bidirectional,
        "bias": any(name.startswith("bias") for layer in rest for name in layer.tensors),
    }


def _front_fields(first: Layer | None) -> dict[str, Any]:
    if first is None:
        return {}
    return {"standardize": True} if first.kind == "standardize" else {"vocab_size": len(first.tensors["weight"])}


def _tasks(head: Layer | None, per_step: bool, activation: str) -> list[tuple[str, dict[str, Any]]]:
    if head is None:
        if not per_step:
            raise WeightsError(
                "the file gives the last step of a recurrent layer without a linear layer, and no model of the zoo "
                "does; load it into an encoder with zoo.build('lstm_encoder', weights=...), and take its last step"
            )
        return [("encoder", {})]
    size = len(head.tensors["weight"])
    if per_step:
        return [("ctc", {"num_labels": size}) if activation == "log_softmax" else ("tagger", {"num_classes": size})]
    return [("classifier", {"num_classes": size, "pooling": pooling}) for pooling in POOLINGS]
