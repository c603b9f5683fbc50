"""Score simple methods on the splits of the trained models and write their test figures into the model cards."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from _cards import Card, add_models, choose_cards, update_card

try:
    from zoo.training.baselines import score_baselines
    from zoo.training.tasks import make_task
except ModuleNotFoundError as missing:
    sys.exit(f"baselines.py: error: {missing}; this takes more packages: pip install 'recurrent-zoo[train]'")


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="baselines.py", description=__doc__)
    add_models(parser)
    return parser


def score(card: Card) -> dict[str, dict[str, Any]]:
    """Return the figures of the simple methods of a card's task, and print them."""
    figures = score_baselines(card.task, make_task(card.task, card.task_options))
    for name, metrics in figures.items():
        print(f"{card.name}  {name}  " + "  ".join(f"{k} {v:.4f}" for k, v in metrics.items()), flush=True)
    if not figures:
        print(f"{card.name}  no simple method does its task")
    return figures


def main() -> int:
    cards = choose_cards(make_parser().parse_args().models)
    try:
        for card in cards:
            update_card(card.name, baselines=score(card))
    except (ValueError, OSError, ImportError) as error:
        print(f"baselines.py: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
