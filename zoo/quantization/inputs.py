"""Real inputs that a user gives to a recipe: one that the model does not take is named, and no layer is blamed."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from zoo.artifact.golden import Sample, record
from zoo.artifact.signature import Signature
from zoo.errors import ZooError
from zoo.quantization.recipe import RecipeError


def check_inputs(model: nn.Module, given: Sequence[Sample] | None, signature: Signature, role: str) -> None:
    """Run inputs in the float model.

    Args:
        model: in float and eval mode.
        given: the inputs; None where there are none.
        signature: the model's interface.
        role: what errors call them: "samples" or "calibration".

    Raises:
        RecipeError: there are no inputs in the list, one is no `Sample`, or the model fails with it.
    """
    if given is None:
        return
    if len(given) == 0:
        raise RecipeError(f"{role} is empty; give at least one real input")
    for sample in given:
        if not isinstance(sample, Sample):
            raise RecipeError(f"{role} must be a list of zoo.Sample, got a {type(sample).__name__} in it")
        try:
            record(model, [sample])
        except ZooError:
            raise
        except Exception as error:  # the user's code may raise anything
            spec = signature.inputs[0]
            expected = f"{spec.dtype} ({', '.join(map(str, spec.dims))})"
            reason = (str(error).strip().splitlines() or [""])[0]
            raise RecipeError(
                f"the float model fails with {sample.name!r} of {role}, which is {_describe(sample.input)}, expected "
                f"{expected}: {type(error).__name__}: {reason}"
            ) from error


def _describe(input: object) -> str:
    if not isinstance(input, Tensor):
        return f"a {type(input).__name__}"
    return f"{str(input.dtype).removeprefix('torch.')} ({', '.join(map(str, input.shape))})"
