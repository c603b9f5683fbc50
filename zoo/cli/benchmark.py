"""`zoo benchmark`: time the engine beside its peers."""

from __future__ import annotations

import argparse
import fnmatch
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zoo.benchmark.cases import quick_sweep, sweep
from zoo.benchmark.contestants import all_names, installed
from zoo.benchmark.goals import Goal, judge, list_goals, plan_jobs
from zoo.benchmark.machine import describe
from zoo.benchmark.measurement import Job, Measurement, run_jobs
from zoo.benchmark.report import (
    TABLE_HEAD,
    Row,
    format_goal_table,
    format_table,
    make_goal_rows,
    make_rows,
    write_csv,
    write_json,
)
from zoo.benchmark.timing import Effort
from zoo.benchmark.workload import DisagreementError
from zoo.cli.parser import new_parser

DESCRIPTION = """\
Time the fused engine beside stock LibTorch, ONNX Runtime and OpenVINO, on the same models and in turn.

Every contestant is first checked against LibTorch. `ratio` is its median time over that of the engine in the same
precision: the engine is faster where it is above 1. `bandwidth` and `mul-adds` are shares of the highest rates that
were measured on this machine. Peers that are not installed are left out: pip install 'recurrent-zoo[bench]'.
"""
EXAMPLES = """\
examples:
  PROGRAM --quick                 does it work? a minute
  PROGRAM                         the sweep: hidden sizes, layers, batches, lengths
  PROGRAM --goals                 the engine's goals, each with what was measured
  PROGRAM --threads 1,2 --only 'lstm-*512*' --output results
"""
QUICK = Effort(rounds=5, turn_seconds=0.003)
FAILURES = (DisagreementError, OSError, ValueError)


@dataclass(frozen=True)
class Plan:
    """What one call of the program times, and the goals that it then judges."""

    jobs: list[Job]
    goals: list[Goal] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None, program: str = "zoo benchmark") -> int:
    """Run the program; returns 0, or 1 if no case matched or a contestant disagreed."""
    args = make_parser(program).parse_args(arguments)
    try:
        run_plan(make_plan(args), args)
    except FAILURES as error:
        print(f"{program}: error: {error}", file=sys.stderr)
        return 1
    return 0


def make_parser(program: str) -> argparse.ArgumentParser:
    """Return the parser of the benchmark's arguments."""
    parser = new_parser(program, DESCRIPTION, EXAMPLES)
    parser.add_argument("--goals", action="store_true", help="time the cases of the engine's goals, and judge them")
    parser.add_argument("--quick", action="store_true", help="few and short turns, and a small sweep")
    parser.add_argument("--threads", type=_counts, default=[1, 2], help="numbers of threads (default: 1,2)")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="cases whose name matches, such as lstm-*512*")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="also write CSV, JSON and a picture there")
    return parser


def make_plan(args: argparse.Namespace) -> Plan:
    """Choose the cases.

    Raises:
        ValueError: no case matches the pattern.
    """
    if args.goals:
        goals = [goal for goal in list_goals() if fnmatch.fnmatch(goal.case.name, args.only)]
        plan = Plan(plan_jobs(goals), goals)
    else:
        cases = [case for case in (quick_sweep() if args.quick else sweep()) if fnmatch.fnmatch(case.name, args.only)]
        plan = Plan([Job(case, count, all_names()) for count in args.threads for case in cases])
    if not plan.jobs:
        raise ValueError(f"no case matches --only {args.only!r}")
    return plan


def run_plan(plan: Plan, args: argparse.Namespace) -> list[Row]:
    """Time everything, print it, and write the files of `--output`; returns a record for each measurement.

    Raises:
        DisagreementError: a contestant computes something else.
        OSError: a file cannot be written.
        ValueError: the machine has too few processors.
    """
    if args.output:
        from zoo.benchmark.picture import draw_ratios  # matplotlib may be missing: say so before minutes are spent
    measurements = _measure(plan.jobs, QUICK if args.quick else Effort())
    origin = describe()
    records = make_rows(measurements, origin)
    verdicts = [judge(goal, measurements) for goal in plan.goals]
    if verdicts:
        print(format_goal_table(verdicts))
    print("; ".join(f"{name} {value}" for name, value in origin.items()))
    if args.output:
        args.output.mkdir(parents=True, exist_ok=True)
        write_csv(records, args.output / "benchmark.csv")
        write_json(records, args.output / "benchmark.json")
        draw_ratios(records, args.output / "benchmark.png")
        if verdicts:
            write_csv(make_goal_rows(verdicts, origin), args.output / "goals.csv")
            write_json(make_goal_rows(verdicts, origin), args.output / "goals.json")
    return records


def _measure(jobs: Sequence[Job], effort: Effort) -> list[Measurement]:
    contestants, absent = installed()
    print(*absent, TABLE_HEAD, sep="\n", flush=True)
    measurements: list[Measurement] = []
    for _, found in run_jobs(jobs, contestants, effort):
        print(format_table(found), flush=True)
        measurements += found
    return measurements


def _counts(text: str) -> list[int]:
    try:
        counts = [int(part) for part in text.split(",")]
    except ValueError:
        counts = []
    if not counts or min(counts) < 1:
        raise argparse.ArgumentTypeError(f"expected numbers of threads like 1,2, got {text!r}")
    return counts
