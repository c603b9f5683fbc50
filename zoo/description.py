"""What a model's repr says above its layers: what goes in and comes out, and in which units where that is known."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from zoo.config.tensor_spec import TensorSpec


def describe_(module: Any) -> None:
    """Let the repr of a model from `zoo.build` begin with its name, its input, and what its training says of both.

    A string in a partial can be pickled and copied with the model, and TorchScript leaves it out.
    """
    about = (module.training_record or {}).get("about", {})
    module.extra_repr = partial(str, write_description(module.model_name, module.input_spec, about))


def write_description(name: str, input: TensorSpec, about: Mapping[str, str]) -> str:
    """Return the lines about a model.

    Args:
        name: the registered one.
        input: its input.
        about: what a trained model says of itself, under "purpose", "input", "output" and "not_for"; without what
            nobody said.
    """
    shape = f"{input.dtype} ({', '.join(map(str, input.dims))})"
    if input.range is not None:
        shape += f" in {input.range[0]}..{input.range[1]}"
    if not about:
        return f"{name}\ninput: {shape}"
    lines = [
        f"{name}: {about['purpose']}",
        f"input: {shape}, {about['input']}",
        f"output: {about['output']}",
    ]
    if "not_for" in about:  # people say it; no data does
        lines.append(f"not for: {about['not_for']}")
    return "\n".join(lines)
