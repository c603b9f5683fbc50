"""Compare the test metrics of a model file in C++ and in Python: the same as `zoo evaluate`."""

import sys

from zoo.cli import run_subcommand

if __name__ == "__main__":
    sys.exit(run_subcommand("evaluate", program="evaluate.py"))
