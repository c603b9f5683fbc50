"""Which parts of a module recipes quantized: a converted layer tells of its recipe in any module."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, replace
from typing import TypeVar

from torch import nn

from zoo.artifact.tolerances import Tolerance
from zoo.model import QuantizationRecord

Entry = TypeVar("Entry")


def record_of_layer(record: QuantizationRecord, name: str) -> QuantizationRecord:
    """Return the part of a model's record that a converted layer carries."""
    return replace(
        record,
        layers={"": record.layers[name]},
        error={},
        error_of={},
        long_error={},
        left_float={},
        float_matrices={},
        doubts=[],
        float_activations=[""] if name in record.float_activations else [],
        smoothed={"": record.smoothed[name]} if name in record.smoothed else {},
    )


def find_quantization(module: nn.Module) -> QuantizationRecord | None:
    """Return what recipes did to a module, or to parts of it; None where nothing is quantized.

    A module that `zoo.quantize` gave has its own record. That of another one is joined from those of its parts: it has
    no errors, because nobody compared the module with a float one.
    """
    own = getattr(module, "quantization", None)
    if isinstance(own, QuantizationRecord):
        return own
    found = {
        place: record
        for place, part in module.named_modules()
        if isinstance(record := getattr(part, "quantization", None), QuantizationRecord)
    }
    return _join(found) if found else None


def _join(found: dict[str, QuantizationRecord]) -> QuantizationRecord:
    """Return one record of those of parts, by the names of the parts."""
    records = list(found.values())
    regrouped = [record.regrouped for record in records if record.regrouped is not None]
    return QuantizationRecord(
        recipe=" and ".join(sorted({record.recipe for record in records})),
        backend=max(record.backend for record in records),  # one torch has one, and the others are empty
        layers=_under((place, record.layers) for place, record in found.items()),
        error={},
        replay=_widest(record.replay for record in records),
        regrouped=_widest(regrouped) if len(regrouped) == len(records) else None,
        error_of={},
        uses_engine=any(record.uses_engine for record in records),
        beyond_limit=any(record.beyond_limit for record in records),
        calibrated=any(record.calibrated for record in records),
        left_float=_under((place, record.left_float) for place, record in found.items()),
        float_activations=list(
            _under((place, dict.fromkeys(record.float_activations)) for place, record in found.items())
        ),
        float_matrices=_under((place, record.float_matrices) for place, record in found.items()),
        smoothed=_under((place, record.smoothed) for place, record in found.items()),
    )


def _under(parts: Iterable[tuple[str, dict[str, Entry]]]) -> dict[str, Entry]:
    """Return the entries of all parts, by the names that their layers have in the whole."""
    return {f"{place}.{name}".strip("."): entry for place, entries in parts for name, entry in entries.items()}


def _widest(tolerances: Iterable[Tolerance]) -> Tolerance:
    return Tolerance(*map(max, zip(*map(astuple, tolerances), strict=True)))
