"""How one tensor that enters or leaves a model is described."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# Names of the two dynamic dimensions.
BATCH, SEQ_LEN = "batch", "seq_len"


@dataclass(frozen=True)
class TensorSpec:
    """One tensor of a model's interface.

    Args:
        name: as in the manifest.
        dtype: "float32", "int64", ...
        dims: sizes, or names of dynamic dimensions such as "batch" and "seq_len".
        range: the smallest and the largest legal value of tokens; None for features.
        optional: whether the caller may leave the tensor out.
        min_steps: the fewest steps that the model takes.
    """

    name: str
    dtype: str
    dims: tuple[int | str, ...]
    range: tuple[int, int] | None = None
    optional: bool = False
    min_steps: int = 1

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of the manifest."""
        entry: dict[str, Any] = {"name": self.name, "dtype": self.dtype, "dims": list(self.dims)}
        if self.range is not None:
            entry["range"] = list(self.range)
        if self.optional:
            entry["optional"] = True
        if self.min_steps > 1:
            entry["min_steps"] = self.min_steps
        return entry
