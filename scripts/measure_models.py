"""Measure all that the cards of the trained models say once more, and write the tables of it.

It calls score_models.py, baselines.py, robustness.py, measure_recipes.py and model_cards.py in turn. One that fails is
named at the end, and the others are done.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from _cards import PRETRAINED, add_models, choose_cards
from robustness import OF_TASK

SCRIPTS = Path(__file__).parent
# The pages that have tables of the models' conditions; the first one also has those of models and recipes.
PAGES = (SCRIPTS.parent / "README.md", PRETRAINED / "README.md")


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="measure_models.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_models(parser)
    return parser


def list_commands(models: Sequence[str]) -> Iterator[list[str]]:
    """Yield the scripts to call, with their arguments; `models` are names of shipped ones, none for all."""
    for card in choose_cards(models):
        yield ["score_models.py", card.name]
        yield ["baselines.py", card.name]
        if card.task in OF_TASK:
            yield ["robustness.py", card.name, "--baselines"]
        yield ["measure_recipes.py", card.name]
    yield ["model_cards.py", "--update", str(PAGES[0])]
    for page in PAGES:
        yield ["robustness.py", "--no-scoring", "--update", str(page)]


def main() -> int:
    failed = []
    for script, *arguments in list_commands(make_parser().parse_args().models):
        print(f"measure_models.py: {script} {' '.join(arguments)}", flush=True)
        if subprocess.run([sys.executable, str(SCRIPTS / script), *arguments], check=False).returncode:
            failed.append(f"{script} {arguments[0]}")
    if failed:
        print(f"measure_models.py: error: {', '.join(failed)} failed", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
