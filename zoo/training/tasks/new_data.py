"""A user's new file, read as a task read those of the training: what a model is to be run on, and what that says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class NewData:
    """Inputs of a model, and the words for its outputs.

    Args:
        inputs: of the model, each a batch without padding.
        names: of the columns of the answer.
        describe: takes the outputs, one per input, and returns the rows of the answer as text.
    """

    inputs: list[Tensor]
    names: list[str]
    describe: Callable[[Sequence[Tensor]], list[list[str]]]
