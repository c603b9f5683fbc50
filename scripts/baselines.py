"""Score simple methods on the splits of the trained models and write their test figures into the model cards."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from _cards import PRETRAINED, Card, add_models, choose_cards

try:
    from zoo.training.baselines import score_baselines
    from zoo.training.tasks import make_task
except ModuleNotFoundError as missing:
    sys.exit(f"baselines.py: error: {missing}; this takes more packages: pip install 'recurrent-zoo[train]'")


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="baselines.py", description=__doc__)
    add_models(parser)
    return parser


def score(card: Card) -> Card:
    """Return a card with the figures of its task's baselines, and print them."""
    figures = score_baselines(card.task, make_task(card.task, card.task_options))
    for name, metrics in figures.items():
        print(f"{card.name}  {name}  " + "  ".join(f"{k} {v:.4f}" for k, v in metrics.items()), flush=True)
    if not figures:
        print(f"{card.name}  no simple method does its task")
    return replace(card, baselines=figures)


def main() -> int:
    cards = choose_cards(make_parser().parse_args().models)
    try:
        for card in cards:
            score(card).write(PRETRAINED / card.name)
    except (ValueError, OSError, ImportError) as error:
        print(f"baselines.py: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
