"""Measure what each quantization recipe makes of the trained models, and write it into their cards."""

from __future__ import annotations

import argparse
import sys

from _cards import add_models, choose_cards, update_card
from _tables import recipe_table

import zoo

try:
    from _recipe_figures import measure_recipes, time_recipes
except ModuleNotFoundError as missing:
    sys.exit(f"measure_recipes.py: error: {missing}; this takes more packages: pip install 'recurrent-zoo[train]'")


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="measure_recipes.py", description=__doc__)
    add_models(parser)
    parser.add_argument("--times", action="store_true", help="measure only the time of a step again, of what has one")
    return parser


def main() -> int:
    args = make_parser().parse_args()
    measure = time_recipes if args.times else measure_recipes
    try:
        for card in choose_cards(args.models):
            if args.times and not card.recipes:
                continue
            measured = update_card(card.name, recipes=measure(card))
            print(recipe_table([measured]), flush=True)
    except (zoo.ZooError, ValueError, ImportError, OSError) as error:
        print(f"measure_recipes.py: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
