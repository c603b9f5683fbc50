"""Which layers of a Keras model take something else than the output of the layer before, and of it alone."""

from __future__ import annotations

from typing import Any

from zoo.weights.keras_calls import KerasCall, KerasTensor, find_tensors
from zoo.weights.keras_file import KerasLayer, KerasModel, unwrap

MASKS = ("NotEqual", "Any")  # Keras' own, which make the mask of an Embedding or of Masking
WITH_LAST_STEP = ("LSTM", "GRU", "SimpleRNN")  # whose output 1 is the last step of output 0


def find_branches(model: KerasModel) -> list[str]:
    """Return one line for each layer, and for the model's output, that departs from a chain of layers."""
    faults: list[str] = []
    own_masks = _find_own_masks(model.layers)
    before: KerasLayer | None = None
    for keras in model.layers:
        if keras.class_name in MASKS:
            continue
        if keras.class_name == "InputLayer":
            if before is not None:
                faults.append(f"{keras.name} is another input, expected one: models that branch are not read")
                continue
        elif keras.calls is not None:
            faults += _find_call_faults(keras, before, own_masks)
        before = keras
    return faults + _find_output_faults(model, before)


def _find_call_faults(keras: KerasLayer, before: KerasLayer | None, own_masks: set[str]) -> list[str]:
    calls = keras.calls or []
    taken = [item for call in calls for item in _drop_none(call.args)]
    faults = []
    if len(taken) != 1 or not _is_passed_on(taken[0], before):
        words = ", ".join(str(tensor) for tensor in find_tensors(taken)) or "nothing"
        expected = "an input" if before is None else before.name
        faults.append(f"{keras.name} takes {words}, expected {expected}: models that branch are not read")
    for name, value in _named(calls):
        if name == "mask" and isinstance(value, KerasTensor):
            if value.layer not in own_masks:
                faults.append(f"{keras.name} takes mask={value}, expected none or that of an Embedding or of Masking")
        elif name != "training" or value is not False:
            words = ", ".join(str(tensor) for tensor in find_tensors(value)) or str(value)
            faults.append(f"{keras.name} is called with {name}={words}, which no layer of the zoo takes from a file")
    return faults


def _find_output_faults(model: KerasModel, last: KerasLayer | None) -> list[str]:
    if model.outputs is None:
        # A model without connections returns all that its last layer does.
        if last is not None and unwrap(last)[1].get("return_state"):
            return [f"{last.name}: return_state=True makes several outputs, expected one"]
        return []
    if len(model.outputs) == 1 and _is_passed_on(model.outputs[0], last):
        return []
    words = ", ".join(map(str, model.outputs)) or "nothing"
    return [f"the model returns {words}, expected {last.name if last else 'a layer'}, its last layer, alone"]


def _is_passed_on(value: Any, before: KerasLayer | None) -> bool:
    """Return whether a value is what the layer before gives to the next one."""
    if before is None or not isinstance(value, KerasTensor) or value.layer != before.name:
        return False
    return value.index == 0 or (value.index == 1 and before.class_name in WITH_LAST_STEP)


def _find_own_masks(layers: list[KerasLayer]) -> set[str]:
    """Return the names of the layers that make the mask of an Embedding or of Masking, as Keras writes them."""
    hidden = [
        (keras.calls[0].args[:1], keras.config.get("mask_value", 0.0) if keras.class_name == "Masking" else 0)
        for keras in layers
        if keras.calls and (keras.class_name == "Masking" or keras.config.get("mask_zero"))
    ]
    found: set[str] = set()
    for keras in layers:
        args = keras.calls[0].args if keras.calls else []
        compares = keras.class_name == "NotEqual" and (args[:1], *args[1:]) in hidden
        reduces = keras.class_name == "Any" and isinstance(args[0], KerasTensor) and args[0].layer in found
        if compares or reduces:
            found.add(keras.name)
    return found


def _named(calls: list[KerasCall]) -> list[tuple[str, Any]]:
    return [(name, value) for call in calls for name, value in call.kwargs.items() if value is not None]


def _drop_none(args: list[Any]) -> list[Any]:
    return [item for item in args if item is not None]
