"""The console program `zoo`: a table of subcommands, each in a module that is imported only when it is called."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import zoo

USAGE_ERROR, INTERRUPTED, BROKEN_PIPE = 2, 130, 141  # as argparse and shells have them


@dataclass(frozen=True)
class Subcommand:
    """A row of the table; the code is `zoo.cli.NAME.main(arguments, program)`.

    Args:
        help: one line.
        extra: the optional dependencies that it needs; empty for none.
    """

    help: str
    extra: str = ""


SUBCOMMANDS: dict[str, Subcommand] = {
    "script": Subcommand("build a model, script it, check it and write it as a file for cpp_runner"),
    "train": Subcommand("train a model as an experiment describes", "train"),
    "evaluate": Subcommand("compare the test metrics of a model file in C++ and in Python", "train"),
    "predict": Subcommand("the next rows of a table, or the classes of recordings, by a trained model", "train"),
    "export": Subcommand("write a model as ONNX, of any batch and length, proved in ONNX Runtime", "onnx"),
    "verify": Subcommand("does ONNX Runtime give Python's numbers for a file of `zoo export`?", "onnx"),
    "bundle": Subcommand("put cpp_runner and its libraries into a folder, for machines without Python"),
    "diagnose": Subcommand("measure gradients, states, gates and spectra of a model on a batch of its data", "train"),
    "recipes": Subcommand("compare what the quantization recipes make of a model, in bytes and in errors"),
    "benchmark": Subcommand("time the engine beside LibTorch, ONNX Runtime and OpenVINO", "bench"),
    "demo": Subcommand("train a small model on real speech, run it in C++, compare with Python", "demo"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program `zoo`.

    Args:
        arguments: of the command line; by default those of this process.

    Returns:
        The exit status.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    first = arguments[0] if arguments else ""
    if first in ("-h", "--help"):
        return _print(_help())
    if first == "--version":
        return _print(f"zoo {zoo.__version__}")
    if first in SUBCOMMANDS:
        return run_subcommand(first, arguments[1:])
    near = difflib.get_close_matches(first, SUBCOMMANDS, n=1)
    wrong = f"no subcommand is called {first!r}" if first else "a subcommand is missing"
    hint = f"did you mean {near[0]}? There" if near else "there"
    print(f"zoo: error: {wrong}; {hint} are {', '.join(SUBCOMMANDS)}", file=sys.stderr)
    return USAGE_ERROR


def run_subcommand(name: str, arguments: Sequence[str] | None = None, program: str = "") -> int:
    """Import a subcommand's module and run it.

    Args:
        name: a key of `SUBCOMMANDS`.
        arguments: of the command line; by default those of this process.
        program: the name in usage and errors; by default `zoo NAME`.

    Returns:
        The exit status.
    """
    program = program or f"zoo {name}"
    with ended_in_a_line(program, SUBCOMMANDS[name].extra):
        status: int = importlib.import_module(f"zoo.cli.{name}").main(arguments, program)
        return status


@contextmanager
def ended_in_a_line(program: str, extra: str = "") -> Iterator[None]:
    """End a program without a traceback on Ctrl-C, on a closed pipe and where an optional dependency is missing.

    Args:
        program: the name in errors.
        extra: the optional dependencies of which one may be missing; empty for none.

    Raises:
        SystemExit: with the exit status.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()  # a closed pipe shows here, not when the interpreter ends
    except KeyboardInterrupt:
        print(f"{program}: interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the interpreter flushes once more
        sys.exit(BROKEN_PIPE)
    except ModuleNotFoundError as missing:
        if not extra or (missing.name or "").partition(".")[0] == "zoo":
            raise
        print(f"{program}: error: {missing}; install it: pip install 'recurrent-zoo[{extra}]'", file=sys.stderr)
        sys.exit(1)


def _help() -> str:
    width = max(map(len, SUBCOMMANDS))
    rows = [f"  {name:{width}}  {subcommand.help}" for name, subcommand in SUBCOMMANDS.items()]
    return "\n".join(
        [
            "usage: zoo SUBCOMMAND [ARGUMENT ...]",
            "",
            "Recurrent nets built in Python and run in C++ by cpp_runner.",
            "",
            *rows,
            "",
            "`zoo SUBCOMMAND --help` describes the arguments; `zoo --version` prints the version.",
        ]
    )


def _print(text: str) -> int:
    with ended_in_a_line("zoo"):
        print(text)
    return 0
