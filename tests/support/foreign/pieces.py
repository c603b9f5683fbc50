"""Random modules by their expressions.

`Two(KeepsBuffer(), scripted_twice(GRU()))` is a module: each name is one of `PIECES`.
"""

from torch import nn

from support.foreign.leaves import LEAVES
from support.foreign.wrappers import AROUND_ONE, AROUND_TWO, RESULTS, evaluated

PIECES = [*LEAVES, *AROUND_ONE, *AROUND_TWO, *RESULTS]


def make(expression: str) -> nn.Module:
    """Make the module that an expression says."""
    return evaluated(eval(expression, {piece.__name__: piece for piece in PIECES}))
