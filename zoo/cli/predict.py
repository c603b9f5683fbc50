"""`zoo predict`: what a trained model says of a new file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import zoo
from zoo.cli.evaluate import split_data
from zoo.cli.options import tell
from zoo.cli.parser import new_parser
from zoo.training.predicting import predict

DESCRIPTION = """\
Run a trained model on a new file, and print a table as CSV.

A forecaster reads the last rows of a table, and gives the rows that follow, in the file's columns, units and times. A
classifier gives the most likely class of each recording, sequence or line of text, with its probability; a tagger that
of each word. A model of strings gives the labels that it hears, and a detector of speech when somebody speaks.
"""
EXAMPLES = """\
examples:
    PROGRAM runs/sensors-0 sensors.csv
    PROGRAM model.pt newest.csv decimal=, -o forecast.csv
    PROGRAM runs/words-0 new_recordings/
    PROGRAM tagger.pt sentences.txt
"""


def make_parser(program: str) -> argparse.ArgumentParser:
    parser = new_parser(program, DESCRIPTION, EXAMPLES)
    parser.add_argument("model", help="a file written by `zoo script`, or the folder of a run or a checkpoint")
    parser.add_argument("data", help="the new file, or a folder of recordings")
    parser.add_argument("options", nargs="*", metavar="name=value", help="how the file is read, where that differs")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the table there (default: print it)")
    return parser


def main(arguments: Sequence[str] | None = None, program: str = "zoo predict") -> int:
    """Run the program; returns its exit status."""
    args = make_parser(program).parse_intermixed_args(arguments)
    try:
        others, options = split_data(args.options)
        if others:
            raise ValueError(f"one file or folder at a time; got {args.data}, {others}")
        found = predict(args.model, args.data, options)
        if args.output:
            found.save(args.output)
        else:
            found.write(sys.stdout)
    except (zoo.ZooError, ValueError, ImportError, OSError) as error:
        print(f"{program}: error: {tell(error)}", file=sys.stderr)
        return 1
    return 0
