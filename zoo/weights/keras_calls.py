"""How the layers of a Keras file call each other: which tensors each takes, and which the model returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class KerasTensor:
    """One of the outputs of a layer.

    Args:
        layer: its name.
        index: 0 is the output itself; a recurrent layer with return_state=True gives its states from 1 on.
    """

    layer: str
    index: int

    def __str__(self) -> str:
        return f"output {self.index} of {self.layer}" if self.index else self.layer


@dataclass(frozen=True)
class KerasCall:
    """One call of a layer.

    Args:
        args: in order: a `KerasTensor`, a constant, or a list of these.
        kwargs: the same by name.
    """

    args: list[Any]
    kwargs: dict[str, Any]


def read_calls(nodes: list[Any]) -> list[KerasCall]:
    """Return the calls of a layer from its "inbound_nodes", of Keras 3 or Keras 2."""
    calls = []
    for node in nodes:
        if isinstance(node, dict):
            calls.append(KerasCall(_read(node["args"]), _read(node.get("kwargs", {}))))
        else:
            # Keras 2 writes one entry for each tensor: layer, node, index and the other arguments of the call.
            entries = node if isinstance(node[0], list) else [node]
            others = {key: value for entry in entries for key, value in (entry[3] if len(entry) > 3 else {}).items()}
            calls.append(KerasCall([KerasTensor(str(entry[0]), int(entry[2])) for entry in entries], _read(others)))
    return calls


def read_outputs(value: Any) -> list[KerasTensor]:
    """Return the tensors of a model's "output_layers", which Keras writes alone, in a list or by name."""
    if _is_history(value):
        return [KerasTensor(value[0], value[2])]
    return [tensor for item in (value.values() if isinstance(value, dict) else value) for tensor in read_outputs(item)]


def find_tensors(value: Any) -> list[KerasTensor]:
    """Return all tensors in arguments of a call."""
    if isinstance(value, KerasTensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [tensor for item in value for tensor in find_tensors(item)] if isinstance(value, list) else []


def _read(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            name, _, index = value["config"]["keras_history"]
            return KerasTensor(str(name), int(index))
        return {key: _read(item) for key, item in value.items()}
    if _is_history(value):
        return KerasTensor(value[0], value[2])
    return [_read(item) for item in value] if isinstance(value, list) else value


def _is_history(value: Any) -> bool:
    """Return whether this is layer, node and index, as Keras writes a tensor."""
    return isinstance(value, list) and [type(item) for item in value[:3]] == [str, int, int]
