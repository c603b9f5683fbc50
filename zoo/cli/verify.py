"""`zoo verify`: replay the golden samples of an ONNX file in ONNX Runtime."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import zoo
from zoo.cli.parser import new_parser

DESCRIPTION = (
    "Run the golden samples of an ONNX file that `zoo export` wrote in ONNX Runtime: whole, in chunks, rows alone and "
    "batches twice over. The exit status is 1 if a number is not Python's. For a model.pt it is `cpp_runner verify`."
)
EXAMPLES = """\
examples:
  zoo export lstm_tagger num_classes=9 -o tagger.onnx
  PROGRAM tagger.onnx
"""


def main(arguments: Sequence[str] | None = None, program: str = "zoo verify") -> int:
    """Run the program; returns its exit status."""
    parser = new_parser(program, DESCRIPTION, EXAMPLES)
    parser.add_argument("file", type=Path, help="an ONNX file of `zoo export` or zoo.export_onnx")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    args = parser.parse_args(arguments)
    try:
        done = zoo.verify_onnx(args.file)
    except (ValueError, OSError) as error:
        print(f"{program}: error: {error}", file=sys.stderr)
        return 1
    passed = all(one.passed for one in done)
    if args.json:
        print(json.dumps({"passed": passed, "comparisons": [dataclasses.asdict(one) for one in done]}))
        return 0 if passed else 1
    for one in done:
        verdict, part = "ok" if one.passed else "FAILED", f"{one.worst_part:.1%} of the tolerance"
        print(f"{verdict:<6}  {one.sample:<14} {one.way:<13} worst {one.worst:.2e}  {part}")
    print("passed" if passed else "failed")
    return 0 if passed else 1
