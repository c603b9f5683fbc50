"""A user's new file, read as a task read those of the training: what a model is to be run on, and what that says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

# Takes the outputs of a model for single examples, and returns the rows of the answer.
Answer = Callable[[Sequence[Tensor]], list[list[str]]]


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
    describe: Answer


def answer_classes(classes: Sequence[str], places: Sequence[str]) -> tuple[list[str], Answer]:
    """Return the columns of an answer with the most likely class of each example, and what makes its rows.

    Args:
        classes: in the order of the scores.
        places: what each example is called, in the first column.
    """

    def describe(outputs: Sequence[Tensor]) -> list[list[str]]:
        called = [call_class(classes, output[0]) for output in outputs]  # each (1, classes)
        return [[place, *cells] for place, cells in zip(places, called, strict=True)]

    return ["label", "probability"], describe


def call_class(classes: Sequence[str], scores: Tensor) -> list[str]:
    """Return the most likely class of scores (classes,), and its probability."""
    most = scores.double().softmax(0).max(0)
    return [classes[int(most.indices)], f"{float(most.values):.6f}"]
