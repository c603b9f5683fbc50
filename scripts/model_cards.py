"""Print the table of the trained models, or put it into the README between its markers."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from _cards import read_cards
from _tables import CARDS, card_table, put_table


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="model_cards.py", description=__doc__)
    parser.add_argument("--update", type=Path, metavar="README.md", help="the file to put the table into")
    return parser


def main() -> int:
    args = make_parser().parse_args()
    table = card_table(read_cards())
    if args.update is None:
        print(table)
        return 0
    try:
        args.update.write_text(put_table(args.update.read_text(), table, CARDS))
    except (OSError, ValueError) as error:
        print(f"model_cards.py: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
