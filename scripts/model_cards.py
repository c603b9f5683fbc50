"""Print the tables of the trained models and of recipes, or put them into the README between their markers.

Then the page of each model is written too, beside its weights.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from _about import read_about
from _card_page import PAGE, write_page
from _cards import PRETRAINED, read_cards
from _tables import CARDS, RECIPES, card_table, recipe_table

from zoo.training.markdown import put_between


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="model_cards.py", description=__doc__)
    parser.add_argument("--update", type=Path, metavar="README.md", help="the file to put the tables into")
    return parser


def main() -> int:
    args = make_parser().parse_args()
    cards = read_cards()
    tables = ((card_table(cards), CARDS), (recipe_table(cards), RECIPES))
    if args.update is None:
        print("\n\n".join(table for table, _ in tables))
        return 0
    try:
        text = args.update.read_text()
        for table, markers in tables:
            text = put_between(text, table, markers)
        args.update.write_text(text)
        for card in cards:
            folder = PRETRAINED / card.name
            (folder / PAGE).write_text(write_page(card, read_about(folder)))
    except (OSError, ValueError) as error:
        print(f"model_cards.py: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
