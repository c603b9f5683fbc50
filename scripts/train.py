"""Train a model as an experiment describes: the same as `zoo train`."""

import sys

from zoo.cli import run_subcommand

if __name__ == "__main__":
    sys.exit(run_subcommand("train", program="train.py"))
