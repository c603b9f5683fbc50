"""`zoo evaluate`: the metrics of a model file on a test split, by cpp_runner and by Python."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import zoo
from zoo.cli.parser import new_parser, read_assignment
from zoo.training.evaluation import evaluate, trained_options
from zoo.training.tasks import TASKS, find_task

DESCRIPTION = "Run a model file on the test split of a data set with cpp_runner, and print the metrics beside Python's."
EXAMPLES = """\
examples:
  zoo script gru_classifier_japanese_vowels --pretrained -o model.pt
  PROGRAM model.pt japanese_vowels
  PROGRAM detector.pt fsdd_detection --picture roc.png
  PROGRAM forecaster.pt csv --option path=series.csv --option horizon=192
"""


def make_parser(program: str) -> argparse.ArgumentParser:
    parser = new_parser(program, DESCRIPTION, EXAMPLES)
    parser.add_argument("artifact", type=Path, help="a model file written by `zoo script` or zoo.save_artifact")
    parser.add_argument("dataset", help=f"one of {', '.join(TASKS)}")
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        type=read_assignment,
        metavar="NAME=VALUE",
        help="an option of the task (default: as in the experiment that trains the model); may be repeated",
    )
    parser.add_argument("--stream", type=int, default=0, metavar="STEPS", help="feed cpp_runner STEPS steps at a time")
    parser.add_argument("--picture", type=Path, help="draw the results: a ROC, or how often each class is called which")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    return parser


def main(arguments: Sequence[str] | None = None, program: str = "zoo evaluate") -> int:
    """Run the program; returns its exit status."""
    args = make_parser(program).parse_args(arguments)
    try:
        task_class = find_task(args.dataset)
        task = task_class({**trained_options(args.artifact, args.dataset), **dict(args.option)})
        done = evaluate(args.artifact, task, stream=args.stream)
        if args.picture:
            task.draw(done.outputs, done.batches, args.picture)
    except (zoo.ZooError, ValueError, ImportError, OSError) as error:
        print(f"{program}: error: {error}", file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps({"cpp": done.cpp, "python": done.python, "worst_output_difference": done.worst}))
        return 0
    width = max(map(len, done.cpp))
    for name, cpp in done.cpp.items():
        python = done.python[name]
        print(f"{name:<{width}}  C++ {cpp:.6f}   Python {python:.6f}   difference {cpp - python:.2g}")
    print(f"outputs differ by {done.worst:.2g} at worst")
    return 0
