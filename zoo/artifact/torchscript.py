"""TorchScript's compiler, with errors that name the line and without deprecation notices.

TorchScript is deprecated. It is still the way to C++ here, because `torch.export` fixes the sequence length of
recurrent layers. A user of this package can do nothing about the notices.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import torch
from torch import nn

from zoo.errors import ZooError

NOTICES = (
    r"`torch\.jit\.\w+` is deprecated",
    r"torch\.ao\.quantization is deprecated",
    r"torch\.quantize_per_tensor.*are deprecated",
    r".*TypedStorage is deprecated",
)


class ScriptError(ZooError, TypeError):
    """TorchScript cannot compile a module; the message has the line."""


@contextmanager
def without_notices() -> Iterator[None]:
    """Hide torch's deprecation notices and no other warning."""
    with warnings.catch_warnings():
        for notice in NOTICES:
            warnings.filterwarnings("ignore", message=notice)
        yield


def script(module: nn.Module) -> torch.jit.ScriptModule:
    """Compile a module, never trace it.

    Raises:
        ScriptError: the module is traced or scripted already, or TorchScript cannot compile a line of it.
    """
    if isinstance(module, torch.jit.ScriptModule):
        raise ScriptError(
            f"{_original_name(module)} is compiled already: it was scripted, or traced, which fixes its lengths and "
            "branches; give the eager nn.Module"
        )
    try:
        with without_notices():
            return torch.jit.script(module)
    except (
        RuntimeError,
        TypeError,
        ValueError,
        NotImplementedError,
        torch.jit.frontend.FrontendError,
    ) as error:
        raise ScriptError(_explain(module, error)) from error


def save(module: torch.jit.ScriptModule, file: BinaryIO, extra_files: dict[str, bytes]) -> None:
    """Write a TorchScript archive into an open file, with more files inside."""
    with without_notices():
        torch.jit.save(module, file, _extra_files=extra_files)


def load(file: BinaryIO | str | Path, device: str | torch.device = "cpu") -> torch.jit.ScriptModule:
    """Read a TorchScript archive. It is a program: load only files that you trust."""
    with without_notices():
        return torch.jit.load(file, map_location=device)


def _original_name(module: nn.Module) -> str:
    return str(getattr(module, "original_name", type(module).__name__))


def _explain(module: nn.Module, error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    reason = lines[0].strip().rstrip(":") if lines else type(error).__name__
    if "Can't redefine method" in reason:
        return (
            f"TorchScript cannot compile {type(module).__name__}: an earlier attempt failed, and torch keeps its "
            "incomplete type; start a new Python to see the first error again"
        )
    place = re.search(r'File "(?P<file>[^"]+)", line (?P<line>\d+)', str(error))
    marked = [k for k, line in enumerate(lines) if re.fullmatch(r"\s*~+.*<--- HERE.*", line)]
    code = lines[marked[0] - 1].strip() if marked and marked[0] else ""
    if place is None:
        return f"TorchScript cannot compile {type(module).__name__}: {reason}"
    return (
        f"TorchScript cannot compile {type(module).__name__}: {reason} "
        f"({Path(place['file']).name}, line {place['line']}{': ' + code if code else ''})"
    )
