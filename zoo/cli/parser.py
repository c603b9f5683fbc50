"""Argument parsers of the subcommands, which look alike, and the argument `name=value`."""

from __future__ import annotations

import argparse
from typing import Any

from zoo.cli.values import read_value


def new_parser(program: str, description: str, examples: str = "") -> argparse.ArgumentParser:
    """Return a parser without arguments.

    Args:
        program: the name in usage and errors.
        description: its line breaks are kept.
        examples: shown below the arguments; PROGRAM stands for the words that call the program.
    """
    call = program if " " in program else f"python scripts/{program}"
    return argparse.ArgumentParser(
        prog=program,
        description=description,
        epilog=examples.replace("PROGRAM", call),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def read_assignment(text: str) -> tuple[str, Any]:
    """Return the name and the value of `name=value`, for argparse's `type`.

    Raises:
        argparse.ArgumentTypeError: the text is something else.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"expected name=value, got {text!r}")
    return name, read_value(value)
