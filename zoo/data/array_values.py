"""What people give as an array, such as a tensor or a masked array, as a plain one; what is missing stays missing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from zoo.data.source import DataError


def as_array(value: Any, name: str, *, values: bool = False) -> NDArray[Any]:
    """Return anything as an array.

    Args:
        value: an array, a tensor, a list or a number.
        name: of it, for errors.
        values: it may hold classes: what a mask hides is None among whole numbers (N,), which stay such. Otherwise it
            is NaN.

    Raises:
        DataError: rows have several shapes, or bytes are no UTF-8.
    """
    try:
        if isinstance(value, np.ma.MaskedArray):
            value = _show_mask(value, values)
        array = np.asarray(value.detach().cpu() if isinstance(value, Tensor) else value)
        return np.char.decode(array, "utf-8") if array.dtype.kind == "S" else array
    except UnicodeDecodeError as error:
        raise DataError(f"{name} holds bytes that are no UTF-8, {error.reason}; save it as text") from error
    except ValueError as error:
        raise DataError(f"{name} has rows of several shapes, expected an array or a list of arrays") from error


def as_rows(value: Any, name: str, *, values: bool = False) -> NDArray[Any]:
    """Return an array with a row for each sequence, as `as_array`.

    Raises:
        DataError: it is one value.
    """
    array = as_array(value, name, values=values)
    if not array.ndim:
        what = f"one value, {array.item()!r}" if array.dtype.kind != "O" else f"a {type(value).__name__}"
        raise DataError(f"{name} is {what}, expected a row for each sequence")
    return array


def is_absent(value: Any) -> bool:
    """Return whether a value is None, NaN, or what pandas has for them."""
    try:
        return value is None or bool(value != value)  # NaN is not equal to itself
    except TypeError:  # pandas.NA is neither true nor false
        return True


def _show_mask(array: Any, values: bool) -> NDArray[Any]:
    """Return a masked array with NaN or None where the mask hides a value."""
    if not np.ma.getmaskarray(array).any():
        return np.asarray(array.data)
    whole = array.dtype.kind != "f" and values and array.ndim == 1
    if array.dtype.kind in "fiub" and not whole:
        return np.asarray(array.astype(np.float64).filled(np.nan))
    shown = array.data.astype(object)
    shown[np.ma.getmaskarray(array)] = None
    return np.asarray(shown)
