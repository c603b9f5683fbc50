"""The machine and the software of a run, and the processors on which it runs."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

DISTRIBUTIONS = ("torch", "onnxruntime", "openvino", "onnx", "numpy")


def describe() -> dict[str, str]:
    """Return the origin that stands in every row of results."""
    from zoo.ops import operators

    return {
        "machine": _processor_name(),
        "isa": str(operators().isa()),
        "commit": _commit(),
        "versions": " ".join(f"{name} {version}" for name, version in _versions().items()),
    }


@contextmanager
def kept_to(threads: int) -> Iterator[None]:
    """Inside, this process runs on the last `threads` of its processors, and torch with as many threads.

    Raises:
        ValueError: the process may use fewer processors.
    """
    import torch

    processors, torch_threads = os.sched_getaffinity(0), torch.get_num_threads()
    allowed = sorted(processors)
    if threads > len(allowed):
        raise ValueError(f"expected at most {len(allowed)} threads, one for each processor, got {threads}")
    os.sched_setaffinity(0, allowed[-threads:])
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        os.sched_setaffinity(0, processors)
        torch.set_num_threads(torch_threads)


def _processor_name() -> str:
    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    fields = dict(re.findall(r"^(model name|cpu family|model)\s*:\s*(.+)$", text, re.MULTILINE))
    if "model name" not in fields:
        return platform.processor() or platform.machine()
    return f"{fields['model name']} (family {fields.get('cpu family', '?')}, model {fields.get('model', '?')})"


def _commit() -> str:
    """Return the commit of the checkout that holds this package; `+` marks changes that are not committed."""
    git = ["git", "-C", str(Path(__file__).parent)]
    try:
        commit = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
        changes = subprocess.run([*git, "diff", "HEAD", "--quiet", "--", "../.."], capture_output=True, check=False)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit.stdout.strip() + ("+" if changes.returncode else "")


def _versions() -> dict[str, str]:
    found = {}
    for name in DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
