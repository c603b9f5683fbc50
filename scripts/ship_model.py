"""Train an experiment with several seeds and put the median model, judged by cpp_runner, into zoo/pretrained."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from _tables import card_table

import zoo

try:
    from _shipping import ship

    from zoo.training.experiment import list_experiments
except ModuleNotFoundError as missing:
    sys.exit(f"ship_model.py: error: {missing}; this takes more packages: pip install 'recurrent-zoo[train]'")


def seed_and_reason(text: str) -> tuple[int, str]:
    seed, _, reason = text.partition("=")
    if not seed.isdigit() or not reason:
        raise argparse.ArgumentTypeError(f"expected SEED=REASON, got {text!r}")
    return int(seed), reason


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ship_model.py", description=__doc__)
    parser.add_argument(
        "experiment", choices=list_experiments(), metavar="experiment", help=", ".join(list_experiments())
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="default: 0 1 2")
    parser.add_argument(
        "--pass-over", type=seed_and_reason, action="append", default=[], metavar="SEED=REASON", help="do not ship it"
    )
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="runs that are there are taken (default: runs)")
    return parser


def main() -> int:
    args = make_parser().parse_args()
    try:
        card = ship(args.experiment, args.seeds, args.runs, dict(args.pass_over))
    except (zoo.ZooError, ValueError, ImportError, OSError) as error:
        print(f"ship_model.py: error: {error}", file=sys.stderr)
        return 1
    print(card_table([card]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
