"""The command line of scripts/benchmark.py."""

from __future__ import annotations

import argparse
import fnmatch
import sys
from collections.abc import Sequence
from pathlib import Path

from zoo.benchmark import reach
from zoo.benchmark.cases import quick_sweep, sweep
from zoo.benchmark.contestants import Contestant
from zoo.benchmark.machine import describe
from zoo.benchmark.picture import draw_ratios
from zoo.benchmark.readme import check_readme, put_speed
from zoo.benchmark.report import TABLE_HEAD, goal_rows, goal_table, rows, table, write_csv, write_json
from zoo.benchmark.runner import Job, Measurement, all_names, available, run_jobs
from zoo.benchmark.timing import Effort
from zoo.benchmark.workload import DisagreementError

DESCRIPTION = """\
Time the fused engine beside stock LibTorch, ONNX Runtime and OpenVINO, on the same models and in turn.

Every contestant is first checked against LibTorch. `ratio` is its median time over that of the engine in the same
precision: above 1 the engine is faster. `bandwidth` and `mul-adds` are shares of what the machine was measured to do
at best. Peers that are not installed are left out: pip install '.[bench]'.
"""
EXAMPLES = """\
examples:
  python scripts/benchmark.py --quick                 does it work? a minute
  python scripts/benchmark.py                         the sweep: hidden sizes, layers, batches, lengths
  python scripts/benchmark.py --reach                 the engine's goals, each with what was measured
  python scripts/benchmark.py --threads 1,2 --only 'lstm-*512*' --output results
"""
QUICK = Effort(rounds=5, turn_seconds=0.003)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns 0, or 1 if nothing matched or a contestant disagreed."""
    args = _parser().parse_args(arguments)
    contestants, absent = available()
    for line in absent:
        print(line)
    effort = QUICK if args.quick else Effort()
    goals = [goal for goal in reach.goals() if fnmatch.fnmatch(goal.case.name, args.only)] if args.reach else []
    jobs = reach.jobs(goals) if args.reach else _sweep_jobs(args.quick, args.threads, args.only)
    if not jobs:
        print(f"benchmark.py: error: no case matches --only {args.only!r}", file=sys.stderr)
        return 1
    try:
        if args.readme:  # before minutes are spent
            check_readme(args.readme.read_text(), {job.threads for job in jobs})
        measurements = _run(jobs, contestants, effort)
    except (DisagreementError, OSError, ValueError) as error:
        print(f"benchmark.py: error: {error}", file=sys.stderr)
        return 1
    origin = describe()
    records = rows(measurements, origin)
    verdicts = [reach.judge(goal, measurements) for goal in goals]
    if verdicts:
        print(goal_table(verdicts))
    print("; ".join(f"{name} {value}" for name, value in origin.items()))
    if args.output:
        args.output.mkdir(parents=True, exist_ok=True)
        write_csv(records, args.output / "benchmark.csv")
        write_json(records, args.output / "benchmark.json")
        draw_ratios(records, args.output / "benchmark.png")
        if verdicts:
            write_csv(goal_rows(verdicts, origin), args.output / "reach.csv")
            write_json(goal_rows(verdicts, origin), args.output / "reach.json")
    if args.readme:
        args.readme.write_text(put_speed(args.readme.read_text(), records))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="benchmark.py",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--reach", action="store_true", help="exactly the cases of the engine's goals")
    parser.add_argument("--quick", action="store_true", help="few and short turns, and a small sweep")
    parser.add_argument("--threads", type=_counts, default=[1, 2], help="numbers of threads (default: 1,2)")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="cases whose name matches, as lstm-*512*")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="also write CSV, JSON and a picture there")
    parser.add_argument("--readme", type=Path, metavar="README.md", help="put the medians into its table of speed")
    return parser


def _counts(text: str) -> list[int]:
    try:
        counts = [int(part) for part in text.split(",")]
    except ValueError:
        counts = []
    if not counts or min(counts) < 1:
        raise argparse.ArgumentTypeError(f"expected numbers of threads like 1,2, got {text!r}")
    return counts


def _sweep_jobs(quick: bool, threads: Sequence[int], pattern: str) -> list[Job]:
    cases = [case for case in (quick_sweep() if quick else sweep()) if fnmatch.fnmatch(case.name, pattern)]
    return [Job(case, count, all_names()) for count in threads for case in cases]


def _run(jobs: Sequence[Job], contestants: Sequence[Contestant], effort: Effort) -> list[Measurement]:
    print(TABLE_HEAD)
    measurements: list[Measurement] = []
    for _, found in run_jobs(jobs, contestants, effort):
        print(table(found), flush=True)
        measurements += found
    return measurements
