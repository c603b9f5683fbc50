"""The main job on real speech: the same as `zoo demo`."""

import sys

from zoo.cli import run_subcommand

if __name__ == "__main__":
    sys.exit(run_subcommand("demo", program="demo.py"))
