"""Build a model and write it as a file for cpp_runner: the same as `zoo script`."""

import sys

from zoo.cli import run_subcommand

if __name__ == "__main__":
    sys.exit(run_subcommand("script", program="script_model.py"))
