"""Run a model file on a data set's test split with cpp_runner, and print the metrics beside Python's."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from zoo.data.source import DataError

try:
    from zoo.training.errors import TrainingError
    from zoo.training.evaluation import evaluate, trained_options
    from zoo.training.experiment import read_value
    from zoo.training.tasks import TASKS, find_task
except ModuleNotFoundError as missing:
    sys.exit(f"evaluate.py: error: {missing}; this takes more packages: pip install 'recurrent-zoo[train]'")

EXAMPLES = """\
examples:
  python scripts/script_model.py gru_classifier_japanese_vowels --pretrained -o model.pt
  python scripts/evaluate.py model.pt japanese_vowels
  python scripts/evaluate.py detector.pt fsdd_detection --picture roc.png
  python scripts/evaluate.py forecaster.pt csv --option 'path="series.csv"' --option horizon=192
"""


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="evaluate.py", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("artifact", type=Path, help="a model file of script_model.py or zoo.save_artifact")
    parser.add_argument("dataset", help=f"one of {', '.join(TASKS)}")
    parser.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="of the task; by default the experiment's"
    )
    parser.add_argument("--stream", type=int, default=0, metavar="STEPS", help="feed the C++ program chunk by chunk")
    parser.add_argument("--picture", type=Path, help="write one of the results: a ROC, or which class is called which")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    return parser


def main() -> int:
    args = make_parser().parse_args()
    try:
        kind = find_task(args.dataset)
        given = {name: read_value(value) for name, _, value in (option.partition("=") for option in args.option)}
        task = kind({**trained_options(args.artifact, args.dataset), **given})
        done = evaluate(args.artifact, task, stream=args.stream)
        if args.picture:
            task.draw(done.outputs, done.batches, args.picture)
    except (TrainingError, DataError, ValueError, ImportError, OSError) as error:
        print(f"evaluate.py: error: {error}", file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps({"cpp": done.cpp, "python": done.python, "worst_output_difference": done.worst}))
        return 0
    width = max(map(len, done.cpp))
    for name, value in done.cpp.items():
        other = done.python[name]
        print(f"{name:<{width}}  C++ {value:.6f}   Python {other:.6f}   difference {value - other:.2g}")
    print(f"outputs differ by {done.worst:.2g} at worst")
    return 0


if __name__ == "__main__":
    sys.exit(main())
