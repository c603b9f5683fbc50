"""`zoo train`: train a model as an experiment describes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import zoo
from zoo.cli import INTERRUPTED
from zoo.cli.parser import new_parser
from zoo.cli.values import read_value
from zoo.training.errors import InterruptedRunError, UnfinishedRunError
from zoo.training.experiment import list_experiments, read_experiment
from zoo.training.trainer import train

RESUME = "--resume"
DESCRIPTION = "Train a model as an experiment describes: its weights, metrics and logs go into a folder."
EXAMPLES = """\
examples:
  PROGRAM gru_classifier_japanese_vowels
  PROGRAM gru_classifier_japanese_vowels --seed 1 optimizer.learning_rate=1e-3 -o runs/slower
  does it run at all? This takes less than a minute:
    PROGRAM gru_classifier_japanese_vowels --fast
  after a kill or an interrupt:
    PROGRAM gru_classifier_japanese_vowels --resume
  in two processes on this machine:
    PROGRAM EXPERIMENT training.devices=2 training.accelerator=cpu
  in eight processes on each of two machines; run this on both, with NODE_RANK=0 and NODE_RANK=1:
    torchrun --nnodes 2 --node-rank $NODE_RANK --nproc-per-node 8 --master-addr HOST --master-port 29500 \\
        -m zoo train EXPERIMENT training.devices=8 training.nodes=2
"""


def read_override(text: str) -> tuple[str, Any]:
    """Return the key and the value of `key.sub=value`, for argparse's `type`.

    Raises:
        argparse.ArgumentTypeError: the text is something else.
    """
    key, equals, value = text.partition("=")
    if not equals or not all(part.isidentifier() for part in key.split(".")):
        raise argparse.ArgumentTypeError(f"expected key.sub=value, got {text!r}")
    return key, read_value(value)


def make_parser(program: str) -> argparse.ArgumentParser:
    parser = new_parser(program, DESCRIPTION, EXAMPLES)
    parser.add_argument("experiment", help=f"a .toml file, or one of {', '.join(list_experiments())}")
    parser.add_argument(
        "overrides", nargs="*", type=read_override, metavar="key.sub=value", help="what differs from the experiment"
    )
    parser.add_argument("-o", "--output", type=Path, help="the folder of the run (default: runs/NAME-SEED)")
    parser.add_argument("--seed", type=int, help="the seed, instead of the one in the experiment")
    parser.add_argument("--fast", action="store_true", help="check the experiment with few examples and few steps")
    parser.add_argument(RESUME, action="store_true", help="go on from last.ckpt in the folder of the run")
    return parser


def main(arguments: Sequence[str] | None = None, program: str = "zoo train") -> int:
    """Run the program; returns its exit status."""
    args = make_parser(program).parse_intermixed_args(arguments)
    overrides = dict(args.overrides)
    if args.seed is not None:
        overrides["seed"] = args.seed
    try:
        experiment = read_experiment(args.experiment, overrides, fast=args.fast)
        folder = args.output or Path("runs") / f"{experiment.name}-{experiment.seed}{'-fast' if args.fast else ''}"
        done = train(experiment, folder, fast=args.fast, resume=args.resume)
    except InterruptedRunError as error:
        print(f"{program}: {error}: {RESUME}", file=sys.stderr)
        return INTERRUPTED
    except UnfinishedRunError as error:
        print(f"{program}: error: {error}: {RESUME}", file=sys.stderr)
        return 1
    except (zoo.ZooError, ValueError, ImportError, OSError) as error:
        print(f"{program}: error: {error}", file=sys.stderr)
        return 1
    for split in ("validation", "test"):
        figures = "  ".join(f"{name} {value:.4f}" for name, value in done.metrics[split].items())
        print(f"{split:<11}{figures}")
    print(f"time       {done.metrics['cpu_seconds']} CPU seconds, {done.metrics['epochs']} epochs")
    print(f"wrote      {done.folder}")
    return 0
