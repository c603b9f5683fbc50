"""Time the engine beside its peers: the same as `zoo benchmark`, and `--readme` for this project's own README."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from _tables import check_readme, put_speed

from zoo.cli import ended_in_a_line
from zoo.cli.benchmark import FAILURES, make_parser, make_plan, run_plan

PROGRAM = "benchmark.py"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = make_parser(PROGRAM)
    parser.add_argument("--readme", type=Path, metavar="README.md", help="put the medians into its table of speed")
    args = parser.parse_args(arguments)
    try:
        plan = make_plan(args)
        if args.readme:  # before minutes are spent
            check_readme(args.readme.read_text(), {job.threads for job in plan.jobs})
        records = run_plan(plan, args)
        if args.readme:
            args.readme.write_text(put_speed(args.readme.read_text(), records))
    except FAILURES as error:
        print(f"{PROGRAM}: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    with ended_in_a_line(PROGRAM, "bench"):
        sys.exit(main())
