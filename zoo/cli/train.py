"""`zoo train`: train a model as an experiment describes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zoo
from zoo.cli import INTERRUPTED
from zoo.cli.options import OPTIONS, find_key, tell
from zoo.cli.parser import new_parser
from zoo.cli.training_report import print_next, print_result, print_start
from zoo.cli.values import read_value
from zoo.training.errors import FolderInUseError, InterruptedRunError, UnfinishedRunError
from zoo.training.experiment import (
    Experiment,
    list_experiments,
    make_experiment,
    read_experiment,
    write_experiment,
)
from zoo.training.own_data.kinds import KINDS
from zoo.training.own_data.proposals import Wishes, propose_experiment
from zoo.training.tasks.base import Task
from zoo.training.trainer import Prepared, train

RESUME, EXPERIMENT = "--resume", "experiment.toml"
DESCRIPTION = """\
Train a model, on your own data or as an experiment describes: its weights, metrics and logs go into a folder.

With --data it finds out what the data is, says what it understood, and chooses the model and its sizes. The experiment
that it writes into the folder reproduces the run.
"""
EXAMPLES = """\
examples:
  your own data, of which a part is kept to test with:
    PROGRAM --data sensors.csv --target temperature --horizon 24
    PROGRAM --data words/                              a folder of recordings for each class
    PROGRAM --data train.ts --test test.ts
    PROGRAM --data tags.conllu
    PROGRAM --data book.txt training.max_epochs=3 model.overrides.hidden_size=128
    PROGRAM --data gaps.csv missing=interpolate        the same as task.options.missing=interpolate
  an experiment of the package:
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
    """Return the key and the value of `key.sub=value`.

    Raises:
        argparse.ArgumentTypeError: the text is something else.
    """
    key, equals, value = text.partition("=")
    if not equals or not all(part.isidentifier() for part in key.split(".")):
        raise argparse.ArgumentTypeError(f"expected key.sub=value, got {text!r}")
    return key, read_value(value)


def make_parser(program: str) -> argparse.ArgumentParser:
    parser = new_parser(program, DESCRIPTION, EXAMPLES)
    parser.add_argument("experiment", nargs="?", help=f"a .toml file, or one of {', '.join(list_experiments())}")
    parser.add_argument(
        "overrides",
        nargs="*",
        metavar="key.sub=value",
        help="what differs; without a dot, an option of the task",
    )
    parser.add_argument("--data", metavar="PATH", help="your own file or folder, instead of an experiment")
    parser.add_argument("--kind", default="", choices=list(KINDS), help="what the data is (default: found out)")
    parser.add_argument("--target", default="", metavar="COLUMN", help="the column to predict")
    parser.add_argument("--horizon", type=int, default=0, metavar="STEPS", help="how many steps to forecast")
    parser.add_argument("--test", default="", metavar="PATH", help="data to test with (default: a part of --data)")
    parser.add_argument("-o", "--output", type=Path, help="the folder of the run (default: runs/NAME-SEED)")
    parser.add_argument("--seed", type=int, help="the seed, instead of the one in the experiment")
    parser.add_argument("--fast", action="store_true", help="check the experiment with few examples and few steps")
    parser.add_argument(RESUME, action="store_true", help="go on from last.ckpt in the folder of the run")
    return parser


@dataclass(frozen=True)
class Plan:
    """What one call of the program trains.

    Args:
        experiment: with what differs from it.
        task: with the user's own data; None for an experiment's.
        data: what was understood of the path; empty for an experiment's.
    """

    experiment: Experiment
    task: Task | None = None
    data: str = ""


def make_plan(args: argparse.Namespace) -> Plan:
    """Read the experiment, or propose one for the user's own data.

    Raises:
        ExperimentError, DataError, ValueError: as `read_experiment` and `propose_experiment`, or arguments contradict
            each other.
    """
    overrides = {find_key(key): value for key, value in args.overrides}
    if args.seed is not None:
        overrides["seed"] = args.seed
    if not args.data:
        lost = [f"--{name}" for name in ("kind", "target", "horizon", "test") if getattr(args, name)]
        if lost:
            raise ValueError(f"{' and '.join(lost)} go with --data PATH; an experiment names its data itself")
        if not args.experiment:
            raise ValueError("what shall be trained? Name an experiment, or your own data: --data PATH")
        return Plan(read_experiment(args.experiment, overrides, fast=args.fast))
    if args.experiment:
        raise ValueError(f"--data {args.data} and the experiment {args.experiment} both name data; give one of them")
    options = {key.removeprefix(OPTIONS): value for key, value in overrides.items() if key.startswith(OPTIONS)}
    wishes = Wishes(args.kind, args.target, args.horizon, args.test, options)
    proposal = propose_experiment(args.data, wishes, fast=args.fast)
    experiment = make_experiment(proposal.table, overrides, fast=args.fast)
    return Plan(experiment, proposal.task, f"{args.data}: {proposal.kind}")


def run_plan(plan: Plan, args: argparse.Namespace) -> None:
    """Train, and print what goes before and after it.

    Raises:
        As `train`.
    """
    experiment = plan.experiment
    folder = args.output or Path("runs") / f"{experiment.name}-{experiment.seed}{'-fast' if args.fast else ''}"

    def announce(prepared: Prepared) -> None:
        print_start(prepared, experiment, plan.data)
        if plan.data:
            folder.mkdir(parents=True, exist_ok=True)
            write_experiment(experiment, folder / EXPERIMENT)
            print(f"experiment {folder / EXPERIMENT} reproduces this run", flush=True)

    done = train(experiment, folder, fast=args.fast, resume=args.resume, task=plan.task, announce=announce)
    print_result(done)
    if plan.data:
        print_next(done)


def parse(arguments: Sequence[str] | None, program: str = "zoo train") -> argparse.Namespace:
    """Read the command line, of which `overrides` becomes pairs of a key and a value."""
    parser = make_parser(program)
    args = parser.parse_intermixed_args(arguments)
    words = [word for word in (args.experiment, *args.overrides) if word]
    if args.experiment and "=" in args.experiment:
        args.experiment = None
    else:
        words = words[1:]
    try:
        args.overrides = [read_override(word) for word in words]
    except argparse.ArgumentTypeError as error:
        parser.error(str(error))
    return args


def main(arguments: Sequence[str] | None = None, program: str = "zoo train") -> int:
    """Run the program; returns its exit status."""
    args = parse(arguments, program)
    try:
        run_plan(make_plan(args), args)
    except InterruptedRunError as error:
        print(f"{program}: {error}: {RESUME}", file=sys.stderr)
        return INTERRUPTED
    except FolderInUseError as error:
        print(f"{program}: error: {error}: {RESUME} or -o FOLDER", file=sys.stderr)
        return 1
    except UnfinishedRunError as error:
        print(f"{program}: error: {error}: {RESUME}", file=sys.stderr)
        return 1
    except (zoo.ZooError, ValueError, ImportError, OSError) as error:
        print(f"{program}: error: {tell(error)}", file=sys.stderr)
        return 1
    return 0
