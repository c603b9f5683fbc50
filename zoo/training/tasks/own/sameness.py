"""Whether a user's own data, when it is read again to cut off its test part, is what a model was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from zoo.data.source import DataError
from zoo.errors import ArgumentError

# Each entry of a record that holds means, and the entry with the deviations that measure how far they moved.
DEVIATIONS = {"mean": "std", "target_mean": "target_std"}
# Sums are rounded differently on another machine: so much of a deviation, and of the mean itself, is no change.
DRIFT, ROUNDING = 1e-4, 1e-6
SHOWN = 12
WORDS = {
    "characters": "the characters were",
    "classes": "the classes were",
    "columns": "the columns were",
    "features": "the count of features was",
    "mean": "the mean of feature",
    "parts": "the sizes of the parts to train, to validate and to test were",
    "repeats": "the records of other parts in training were",
    "sample_rate": "the sample rate was",
    "scheme": "the scheme of the tags was",
    "std": "the deviation of feature",
    "tags": "the tags were",
    "target_mean": "the mean of target",
    "target_std": "the deviation of target",
    "targets": "the targets were",
}


def refuse_other_data(now: Mapping[str, Any], record: Mapping[str, Any], path: str) -> None:
    """Refuse data whose test part would mean something else than in training.

    Classes, columns and alphabets would be in another order than the model has them, statistics would be in other
    units, and parts that are cut elsewhere would test with what the model was trained on.

    Args:
        now: `Task.record` of the data as it is read now.
        record: that of the training.
        path: of the data.

    Raises:
        DataError: with the first difference.
    """
    words = find_difference(now, record)
    if words:
        raise DataError(
            f"{path} is not read as in training, where {words}; give the file of the training with its options, or "
            "give another file as the one to test with"
        )


def find_difference(now: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """Return the first difference of data to that of a training, in words; empty where there is none.

    Args:
        now, record: as in `refuse_other_data`.
    """
    return next((words for name, old in record.items() if (words := _compare(name, old, now))), "")


def refuse_other_names(option: str, given: Sequence[str], known: Sequence[str]) -> None:
    """Refuse names in an option that are not those of the training, in the same order.

    Raises:
        ArgumentError: with both.
    """
    if list(given) and list(given) != list(known):
        raise ArgumentError(
            f"option {option} is {_join(given)}, and the model was trained with {_join(known)}; leave the option out"
        )


def _compare(name: str, old: Any, now: Mapping[str, Any]) -> str:
    """Return how an entry differs, in words; empty where it does not."""
    new = now.get(name)
    if new == old:
        return ""
    if new is None:
        return f"{WORDS[name]} {_join(old)}, and there are none now"
    if name == "draw":
        return "other examples were drawn for the parts"
    if name == "every_step":
        return f"every {'step' if old else 'sequence'} had targets of its own"
    for mean, std in DEVIATIONS.items():
        if name in (mean, std):
            moves = [k for k, pair in enumerate(zip(old, new, now[mean], now[std], strict=True)) if _moves(*pair)]
            return f"{WORDS[name]} {moves[0]} was {old[moves[0]]:.6g}, not {new[moves[0]]:.6g}" if moves else ""
    if isinstance(old, list | str) and len(old) > SHOWN:
        gone, more = [part for part in old if part not in new], [part for part in new if part not in old]
        if gone or more:
            told = [f"with {_join(gone)}"] * bool(gone) + [f"without {_join(more)}"] * bool(more)
            return f"{WORDS[name]} others, {' and '.join(told)}"
    return f"{WORDS[name]} {_join(old)}, not {_join(new)}"


def _moves(old: float, new: float, mean: float, std: float) -> bool:
    return abs(old - new) > DRIFT * std + ROUNDING * abs(mean)


def _join(value: Any) -> str:
    """Return a value, or the first ones of several."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        return repr(value) if isinstance(value, str) else str(value)
    return ", ".join([*map(str, value[:SHOWN]), *(["..."] if len(value) > SHOWN else [])])
