"""Look for the literature's effects with the zoo's models, and write what showed, and what did not, into a page.

Runs that the file of results has are not repeated. All of them take 20 to 40 minutes of CPU time on one core.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

RESULTS = Path(__file__).parent / "results"

try:
    import torch

    from zoo.training.effects.page import draw_curves, put_results
    from zoo.training.effects.problems import make_problems
    from zoo.training.effects.study import read_runs, study
    from zoo.training.effects.variants import VARIANTS
except ModuleNotFoundError as missing:
    sys.exit(f"effects.py: error: {missing}; this takes more packages: pip install 'recurrent-zoo[train]'")


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="effects.py", description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS / "effects.json", help="file of all runs")
    parser.add_argument("--page", type=Path, default=RESULTS / "effects.md", help="the page to put the tables into")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", default="", metavar="TEXT", help="only the problems with this text in their name")
    parser.add_argument("--no-training", action="store_true", help="write the page from the results that there are")
    return parser


def main() -> int:
    args = make_parser().parse_args()
    torch.set_num_threads(1)  # the matrices are too small for more
    problems = make_problems()
    chosen = [problem for problem in problems if args.only in problem.name]
    try:
        if not args.no_training:
            for run in study(chosen, list(VARIANTS), args.seeds, args.results):
                figures = " ".join("-" if figure is None else f"{figure:.3f}" for figure in run.figures)
                print(
                    f"{run.problem:11} {run.variant:32} seed {run.seed}  {run.cpu_seconds:5.1f} s  {figures}",
                    flush=True,
                )
        runs = read_runs(args.results)
        args.page.write_text(put_results(args.page.read_text(), runs, problems))
        draw_curves(runs, problems, args.page.with_suffix(".png"))
    except (OSError, ValueError) as error:
        print(f"effects.py: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
