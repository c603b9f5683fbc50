"""Score the trained models that are shipped once more, by cpp_runner and by Python; write cards and records."""

from __future__ import annotations

import argparse
import sys

from _cards import PRETRAINED, add_models, choose_cards, update_card

import zoo

try:
    from _shipping import score_again, store_record
except ModuleNotFoundError as missing:
    sys.exit(f"score_models.py: error: {missing}; this takes more packages: pip install 'recurrent-zoo[train]'")


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="score_models.py", description=__doc__)
    add_models(parser)
    return parser


def main() -> int:
    cards = choose_cards(make_parser().parse_args().models)
    try:
        for known in cards:
            card = update_card(known.name, **score_again(known))
            store_record(card, PRETRAINED / card.name)
            print(f"{card.name}  " + "  ".join(f"{k} {v:.4f}" for k, v in card.cpp.items()), flush=True)
    except (zoo.ZooError, ValueError, ImportError, OSError) as error:
        print(f"score_models.py: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
