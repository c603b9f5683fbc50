"""`zoo recipes`: what every quantization recipe makes of a model, before a file is written."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import zoo
from zoo.cli.models import add_model_arguments, make_model
from zoo.cli.parser import new_parser
from zoo.cli.script import add_layer_arguments, read_samples

DESCRIPTION = "Quantize a model with every recipe, and print sizes and errors against the float model."
EXAMPLES = """\
examples:
  PROGRAM gru_ctc_fsdd --pretrained --sample speech.npy
  PROGRAM checkpoints/tagger --recipe int8 --recipe mixed --json
"""
COLUMNS = ("recipe", "MB", "of float", "worst", "rms", "SNR dB", "top", "KL", "long: worst", "rms", "worst layer")


def make_parser(program: str) -> argparse.ArgumentParser:
    parser = new_parser(program, DESCRIPTION, EXAMPLES)
    add_model_arguments(parser)
    add_layer_arguments(parser)
    parser.add_argument("--recipe", action="append", help="a recipe to try (default: all); may be repeated")
    parser.add_argument("--steps", type=int, default=10_000, help="length of the long sequence (default: 10000)")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="also draw the report, such as recipes.png")
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of the table")
    return parser


def print_table(reports: Sequence[zoo.RecipeReport]) -> None:
    """Print a row for each recipe, and below the table why recipes are refused."""
    rows = [COLUMNS, *(_row(report) for report in reports if report.error is not None)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(COLUMNS))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for doubt in dict.fromkeys(doubt for report in reports for doubt in report.doubts):
        print(f"doubt: {doubt}")
    for report in reports:
        if report.refusal:
            print(f"{report.recipe} refused: {report.refusal}")


def _row(report: zoo.RecipeReport) -> tuple[str, ...]:
    error, long_error = report.error, report.long_error
    assert error is not None
    assert long_error is not None
    name, rms = report.layers[0]
    return (
        report.recipe,
        f"{(report.bytes or 0) / 1e6:.3f}",
        f"{report.share or 0:.1%}",
        f"{error.max_of_range:.2%}",
        f"{error.rms_of_std:.2%}",
        "-" if error.snr_db is None else f"{error.snr_db:.1f}",
        "-" if error.agreement is None else f"{error.agreement:.2%}",
        "-" if error.kl is None else f"{error.kl:.2g}",
        f"{long_error.max_of_range:.2%}",
        f"{long_error.rms_of_std:.2%}",
        f"{name} {rms:.2%}",
    )


def main(arguments: Sequence[str] | None = None, program: str = "zoo recipes") -> int:
    """Run the program; returns its exit status."""
    parser = make_parser(program)
    args = parser.parse_intermixed_args(arguments)
    if args.model is None:
        parser.error("which model? Give a name (`zoo script --list` shows them), a checkpoint folder or module:Class")
    try:
        if args.picture:
            import matplotlib  # noqa: F401  # it may be missing: say so before minutes are spent
        model = make_model(args, program)
        reports = zoo.compare_recipes(
            model,
            args.recipe,
            samples=read_samples(args.sample, model.input_spec),
            calibration=read_samples(args.calibration, model.input_spec),
            include=args.include,
            exclude=args.exclude or (),
            steps=args.steps,
        )
        if args.picture:
            zoo.draw_recipes(reports, args.picture)
    except (ValueError, TypeError, OSError, ModuleNotFoundError) as error:
        print(f"{program}: error: {error}", file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps([report.to_dict() for report in reports], allow_nan=False))
    else:
        print_table(reports)
    return 0
