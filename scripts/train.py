"""Train a model as an experiment says: `train.py EXPERIMENT [key.sub=value ...]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from zoo.data.source import DataError

try:
    from zoo.training.errors import TrainingError
    from zoo.training.experiment import list_experiments, read_experiment
    from zoo.training.trainer import train
except ModuleNotFoundError as missing:
    sys.exit(f"train.py: error: {missing}; this takes more packages: pip install 'recurrent-zoo[train]'")

EXAMPLES = """\
examples:
  python scripts/train.py gru_classifier_japanese_vowels
  python scripts/train.py gru_classifier_japanese_vowels --seed 1 optimizer.learning_rate=1e-3 -o runs/slower
  python scripts/train.py gru_classifier_japanese_vowels --fast          # one minute: does it run at all?
  python scripts/train.py gru_classifier_japanese_vowels --resume        # after a kill or an interrupt
  two processes on this machine, or eight on each of two (run it on both, with NODE_RANK=0 and 1):
    python scripts/train.py EXPERIMENT training.devices=2 training.accelerator=cpu
    torchrun --nnodes 2 --node-rank $NODE_RANK --nproc-per-node 8 --master-addr HOST --master-port 29500 \\
        scripts/train.py EXPERIMENT training.devices=8 training.nodes=2
"""


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="train.py", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("experiment", help=f"a .toml file, or one of {', '.join(list_experiments())}")
    parser.add_argument("overrides", nargs="*", metavar="key.sub=value", help="what differs from the experiment")
    parser.add_argument("-o", "--output", type=Path, help="folder of the run (default: runs/NAME-SEED)")
    parser.add_argument("--seed", type=int, help="instead of the experiment's")
    parser.add_argument("--fast", action="store_true", help="a check with few examples and steps")
    parser.add_argument("--resume", action="store_true", help="go on from the run's last.ckpt")
    return parser


def main() -> int:
    args = make_parser().parse_intermixed_args()
    try:
        overrides = args.overrides if args.seed is None else [*args.overrides, f"seed={args.seed}"]
        experiment = read_experiment(args.experiment, overrides, fast=args.fast)
        folder = args.output or Path("runs") / f"{experiment.name}-{experiment.seed}{'-fast' if args.fast else ''}"
        done = train(experiment, folder, fast=args.fast, resume=args.resume)
    except (TrainingError, DataError, ValueError, ImportError, OSError) as error:
        print(f"train.py: error: {error}", file=sys.stderr)
        return 1
    for split in ("validation", "test"):
        figures = "  ".join(f"{name} {value:.4f}" for name, value in done.metrics[split].items())
        print(f"{split:<11}{figures}")
    print(f"time       {done.metrics['cpu_seconds']} CPU seconds, {done.metrics['epochs']} epochs")
    print(f"wrote      {done.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
