"""`zoo bundle`: a folder with cpp_runner that runs on machines without Python."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from pathlib import Path

import zoo
from zoo.cli.parser import new_parser

DESCRIPTION = (
    "Copy cpp_runner and the libraries that it loads into a folder. The folder runs on machines that have neither "
    "Python nor PyTorch, on their CPU."
)
EXAMPLES = """\
examples:
  the program:
    PROGRAM shipped && shipped/bin/cpp_runner verify model.pt
  a program of your own as well, which links zoo::runner with the run path $ORIGIN/../lib:
    PROGRAM shipped --program build/recogniser
"""


def main(arguments: Sequence[str] | None = None, program: str = "zoo bundle") -> int:
    """Run the program; returns its exit status."""
    parser = new_parser(program, DESCRIPTION, EXAMPLES)
    parser.add_argument("folder", type=Path, help="the folder to write; new or empty")
    parser.add_argument(
        "--program",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a program of your own; may be repeated",
    )
    args = parser.parse_args(arguments)
    try:
        written = zoo.write_bundle(args.folder, args.program)
    except (ValueError, OSError) as error:
        print(f"{program}: error: {error}", file=sys.stderr)
        return 1
    print(f"wrote      {written.folder}")
    print(f"programs   {', '.join(written.programs)}")
    print(f"libraries  {', '.join(written.libraries)}")
    print(f"size       {written.size:,} bytes")
    print(f"it needs   {', '.join(written.system)}")
    print(f"           of a system that is not older than this one ({' '.join(platform.libc_ver())})")
    return 0
