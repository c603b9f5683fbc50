"""Modules with which the random generator found a fault."""

from support.foreign.case import Case
from support.foreign.pieces import make

CASES = {
    "fork_of_a_training_layer": Case(lambda: make("One(ForkedBeside(training(GRU()), GRU()))"), 2),
}
