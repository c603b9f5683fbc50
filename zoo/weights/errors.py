"""The error that all readers of weights raise."""

from __future__ import annotations

from zoo.errors import ZooError


class WeightsError(ZooError, ValueError):
    """Weights do not fit the module, or a file holds none."""


def raise_faults(faults: list[str]) -> None:
    """Raise one error with all faults, if there are any.

    Raises:
        WeightsError: with one line for each.
    """
    if faults:
        mismatches = "1 mismatch" if len(faults) == 1 else f"{len(faults)} mismatches"
        raise WeightsError(f"weights do not fit the model, {mismatches}:\n  " + "\n  ".join(faults))
