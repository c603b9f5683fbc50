"""A sequence in chunks, with the state carried: what a stream feeds, and why a model may give something else then."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from zoo.config.tensor_spec import BATCH, SEQ_LEN

CHUNKS = (1, 7, 16)  # as `cpp_runner verify` takes them


def run_in_chunks(
    run: Callable[..., tuple[Tensor, list[Tensor]]],
    input: Tensor,
    lengths: Tensor | None,
    chunk: int,
    input_dims: Sequence[int | str],
    output_dims: Sequence[int | str],
) -> list[Tensor]:
    """Run a sequence in chunks, as `cpp_runner --stream` does.

    Args:
        run: gets a chunk, its lengths and the state, and returns the output and the state.
        input: with at least one step.
        lengths: int64 (batch,), or None.
        chunk: steps of each but the last one.
        input_dims: names and sizes of the input's dimensions.
        output_dims: the same of the output. An output without steps is that of the last chunk in which a row has steps.

    Returns:
        The joined output, and the state after the last step.
    """
    state: list[Tensor] | None = None
    parts: list[Tensor] = []
    begin = 0
    for part in input.split(chunk, input_dims.index(SEQ_LEN)):
        steps = part.size(input_dims.index(SEQ_LEN))
        valid = None if lengths is None else (lengths - begin).clamp(0, steps)
        output, state = run(part, valid, state)
        begin += steps
        if SEQ_LEN in output_dims or not parts:
            parts.append(output)
        elif valid is None or parts[0].shape != output.shape:
            parts = [output]
        else:
            shape = [-1 if dim == BATCH else 1 for dim in output_dims]
            parts = [torch.where((valid > 0).reshape(shape), output, parts[0])]
    assert state is not None, "an input has at least one step"
    whole = torch.cat(parts, output_dims.index(SEQ_LEN)) if SEQ_LEN in output_dims else parts[0]
    return [whole, *state]


def explain_chunks(chunk: int, names: Sequence[str], got: Sequence[Tensor], whole: Sequence[Tensor]) -> str:
    """Say how the results in chunks differ from those of the whole, in words that follow "not streamable:".

    Args:
        chunk: steps of each.
        names: of the results.
        got: in chunks.
        whole: the same of the whole sequence.
    """
    steps = f"in chunks of {chunk} step{'s' if chunk > 1 else ''}"
    for name, a, b in zip(names, got, whole, strict=True):
        if a.shape != b.shape:
            return f"{steps} {name} has the shape {list(a.shape)}, not {list(b.shape)}"
    far = [float((a.double() - b.double()).abs().max()) if a.numel() else 0.0 for a, b in zip(got, whole, strict=True)]
    worst = max(range(len(far)), key=lambda k: far[k])
    return f"{steps} {names[worst]} differs by {far[worst]:.2g} from the whole"


def explain_failure_in_chunks(chunk: int, error: Exception) -> str:
    """Say why a model takes no chunks of so many steps, in the same way."""
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return f"chunks of {chunk} step{'s' if chunk > 1 else ''} fail: {reason[:60]}"


def fits(got: Sequence[Tensor], expected: Sequence[Tensor], allowed: Sequence[float]) -> bool:
    """Return whether floats differ by no more than is allowed for each result, and whole numbers not at all."""
    return all(
        a.shape == b.shape
        and (not a.numel() or float((a.double() - b.double()).abs().max()) <= (most if b.is_floating_point() else 0.0))
        for a, b, most in zip(got, expected, allowed, strict=True)
    )
