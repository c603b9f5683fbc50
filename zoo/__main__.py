"""`python -m zoo` is the console program `zoo`."""

import sys

from zoo.cli import main

if __name__ == "__main__":
    sys.exit(main())
