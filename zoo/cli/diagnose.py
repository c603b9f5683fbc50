"""`zoo diagnose`: gradients, states, gates and spectra of a model on a batch of its data."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import zoo
from zoo.cli.evaluate import split_data
from zoo.cli.options import tell
from zoo.cli.parser import new_parser
from zoo.diagnostics.events import write_events
from zoo.diagnostics.pictures import draw_diagnosis
from zoo.diagnostics.report import write_report
from zoo.training.diagnosing import diagnose_experiment, diagnose_model
from zoo.training.experiment import list_experiments

DESCRIPTION = """\
Measure on one batch what one looks at when a recurrent net does not learn: the gradient norm of each parameter and of
each state through time, the norm of h through time, how much of each gate is at an end of its range, the spectral
radius of each recurrent block, and each gradient against finite differences in float64. An experiment is measured on
its first training batch, a trained model on the first rows of the test part."""
EXAMPLES = """\
examples:
  before training, with the initial weights, and in the middle of it:
    PROGRAM gru_classifier_names
    PROGRAM gru_classifier_names --weights runs/gru_classifier_names-0/last.ckpt
  what was trained, as a run or as a file; then the same with another file:
    PROGRAM runs/gru_classifier_names-0 -o diagnosis
    PROGRAM model.pt --tensorboard runs/diagnosis
    PROGRAM model.pt path=series.csv
"""


def make_parser(program: str) -> argparse.ArgumentParser:
    parser = new_parser(program, DESCRIPTION, EXAMPLES)
    parser.add_argument("model", help="an experiment, a float model file, or the folder of a run or a checkpoint")
    parser.add_argument(
        "data",
        nargs="*",
        help="a file, folder or data set (default: its own), or NAME=VALUE for an option of the task",
    )
    parser.add_argument("--weights", type=Path, help="of the experiment's model (default: the initial weights)")
    parser.add_argument("--rows", type=int, default=16, help="examples in the batch (default: %(default)s)")
    parser.add_argument("--no-gradient-check", action="store_true", help="leave out the finite differences")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="write diagnosis.json and the pictures here"
    )
    parser.add_argument("--tensorboard", type=Path, metavar="FOLDER", help="write TensorBoard's files here")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the tables")
    return parser


def measure(args: argparse.Namespace) -> zoo.Diagnosis:
    """Diagnose what the command line names.

    Raises:
        ValueError: arguments are missing or contradict each other, or the model cannot be diagnosed.
    """
    if args.rows < 1:
        raise ValueError(f"--rows must be at least 1, got {args.rows}")
    data, options = split_data(args.data)
    check = not args.no_gradient_check
    if args.model in list_experiments() or args.model.endswith(".toml"):
        if data:
            raise ValueError(f"{args.model} is an experiment, which has its own data; leave {data} out")
        return diagnose_experiment(args.model, args.weights, options, args.rows, gradient_check=check)
    if args.weights is not None:
        raise ValueError(f"--weights is for an experiment's model; {args.model} is none and has its own weights")
    return diagnose_model(Path(args.model), data, options, args.rows, gradient_check=check)


def main(arguments: Sequence[str] | None = None, program: str = "zoo diagnose") -> int:
    """Run the program; returns its exit status."""
    args = make_parser(program).parse_intermixed_args(arguments)
    try:
        diagnosis = measure(args)
        report = json.dumps(diagnosis.to_dict())
        if args.output:
            drawn = draw_diagnosis(diagnosis, args.output)
            (args.output / "diagnosis.json").write_text(report + "\n")
        if args.tensorboard:
            write_events(diagnosis, args.tensorboard)
    except (zoo.ZooError, ValueError, ImportError, OSError) as error:
        print(f"{program}: error: {tell(error)}", file=sys.stderr)
        return 1
    print(report if args.json else write_report(diagnosis))
    if args.output and not args.json:
        print(f"\nwrote {args.output}/diagnosis.json, {', '.join(path.name for path in drawn)}")
    return 0
