"""Train every family on three data sets at equal parameter counts, time each in C++, and write tables and a picture.

Results that the file has are not repeated, so that a stopped run goes on. All of it takes about 35 minutes of CPU time
on one core.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

RESULTS = Path(__file__).parent / "results"

try:
    import torch

    from zoo.data.source import DataError
    from zoo.training.comparison.page import draw_standings, put_results
    from zoo.training.comparison.study import Run, read_results, study
    from zoo.training.comparison.trials import TRIALS
    from zoo.training.errors import TrainingError
except ModuleNotFoundError as missing:
    sys.exit(f"compare_models.py: error: {missing}; this takes more packages: pip install 'recurrent-zoo[train]'")


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="compare_models.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", type=Path, default=RESULTS / "comparison.json", help="file of all results")
    parser.add_argument("--page", type=Path, default=RESULTS / "comparison.md", help="the page to put the tables into")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="the first one, 0, chooses the rate")
    parser.add_argument("--no-training", action="store_true", help="write the page from the results that there are")
    return parser


def main() -> int:
    args = make_parser().parse_args()
    torch.set_num_threads(1)  # the matrices are too small for more
    try:
        if not args.no_training:
            for result in study(TRIALS, args.seeds, args.results):
                if isinstance(result, Run):
                    metrics = " ".join(f"{name} {value:.3f}" for name, value in result.validation.items())
                    what = (
                        f"seed {result.seed}  rate {result.rate:g}  {result.cpu_seconds:.1f} s  {metrics or 'diverged'}"
                    )
                else:
                    what = f"C++ {result.step_us:.1f} µs a step{'' if result.verified else ', NOT VERIFIED'}"
                print(f"{result.trial:25} {result.family:18} {what}", flush=True)
        results = read_results(args.results)
        args.page.write_text(put_results(args.page.read_text(), results, TRIALS))
        draw_standings(results, TRIALS, args.page.with_suffix(".png"))
    except (OSError, ValueError, DataError, TrainingError) as error:
        print(f"compare_models.py: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
