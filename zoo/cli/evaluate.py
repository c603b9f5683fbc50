"""`zoo evaluate`: the metrics of a model file on a test split, by cpp_runner and by Python."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import zoo
from zoo.cli.options import OPTIONS, find_key, tell
from zoo.cli.parser import new_parser
from zoo.cli.training_report import print_baselines, print_verdict
from zoo.cli.values import read_value
from zoo.training.evaluation import as_artifact, evaluate, restore_task, score_baselines

DESCRIPTION = "Run a model on the test part of a data set with cpp_runner, and print the metrics beside Python's."
EXAMPLES = """\
examples:
  a trained model of the package:
    zoo script gru_classifier_japanese_vowels --pretrained -o model.pt
    PROGRAM model.pt
    PROGRAM detector.pt --picture det.png
  the folder of a run, which knows its data; then the same model with another file:
    PROGRAM runs/mine-0
    PROGRAM runs/mine-0 new_recordings/
  the training data lies elsewhere now, and its test part is to be tested:
    PROGRAM runs/mine-0 path=moved/series.csv
"""


def make_parser(program: str) -> argparse.ArgumentParser:
    parser = new_parser(program, DESCRIPTION, EXAMPLES)
    parser.add_argument("model", help="a file written by `zoo script`, or the folder of a run or a checkpoint")
    parser.add_argument(
        "data", nargs="*", help="a file or folder to test with, or a data set (default: what it was trained on)"
    )
    parser.add_argument("--stream", type=int, default=0, metavar="STEPS", help="feed cpp_runner STEPS steps at a time")
    parser.add_argument(
        "--picture",
        type=Path,
        help="draw the results: misses against false alarms, classes against calls, or forecasts over the truth",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    return parser


def split_data(words: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Return the data and the options of the task among the words after the model.

    Raises:
        ValueError: there is more than one data set, or something is set that is no option of a task.
    """
    names, options = [], {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or Path(word).exists():
            names.append(word)
            continue
        key = find_key(name)
        if not key.startswith(OPTIONS) or not key.removeprefix(OPTIONS).isidentifier():
            raise ValueError(f"evaluation changes options of the task only, NAME=VALUE; got {word!r}")
        options[key.removeprefix(OPTIONS)] = read_value(value)
    if len(names) > 1:
        raise ValueError(f"one file, folder or data set at a time; got {', '.join(names)}")
    return (names[0] if names else ""), options


def main(arguments: Sequence[str] | None = None, program: str = "zoo evaluate") -> int:
    """Run the program; returns its exit status."""
    args = make_parser(program).parse_intermixed_args(arguments)
    try:
        data, options = split_data(args.data)
        with as_artifact(args.model) as artifact:
            task = restore_task(artifact, data, options)
            done = evaluate(artifact, task, stream=args.stream)
            baselines = score_baselines(artifact, task, same=not data and not options)
        if args.picture:
            task.draw(done.outputs, done.batches, args.picture)
    except (zoo.ZooError, ValueError, ImportError, OSError) as error:
        print(f"{program}: error: {tell(error)}", file=sys.stderr)
        return 1
    if args.json:
        print(
            json.dumps(
                {"cpp": done.cpp, "python": done.python, "worst_output_difference": done.worst, "baselines": baselines}
            )
        )
        return 0
    width = max(map(len, done.cpp))
    for name, cpp in done.cpp.items():
        python = done.python[name]
        print(f"{name:<{width}}  C++ {cpp:.6f}   Python {python:.6f}   difference {cpp - python:.2g}")
    print(f"outputs differ by {done.worst:.2g} at worst")
    print_baselines(baselines)
    print_verdict(done.cpp, baselines, task)
    return 0
