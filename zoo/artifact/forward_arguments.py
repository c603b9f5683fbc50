"""Which argument of a class's `forward` is the input, the lengths or the state: found by their names."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

from torch import nn

LENGTHS = frozenset(
    ["lengths", "length", "lens", "seq_lens", "seq_lengths", "input_lengths", "x_lengths", "x_lens", "sequence_lengths"]
)
STATES = frozenset(
    [
        "state",
        "states",
        "hidden",
        "hiddens",
        "hidden_state",
        "hidden_states",
        "hx",
        "hxs",
        "hc",
        "h",
        "h0",
        "h_0",
        "s0",
        "carry",
        "initial_state",
        "init_state",
        "initial_states",
        "init_states",
        "initial_hidden",
        "init_hidden",
        "prev_state",
        "previous_state",
        "last_state",
        "rnn_state",
    ]
)


@dataclass(frozen=True)
class ForwardArguments:
    """The arguments of `forward`.

    Args:
        names: of all, in their order.
        roles: of those after the input that are passed on by position: "lengths" and "state", each at most once, and
            "nothing" for a state that is always None, because the class runs without it.
        state_is_sure: whether the name says that it is a state; otherwise what the class does has to show it.
        all_optional: whether those after the input may be left out, and stand for None then.
    """

    names: tuple[str, ...]
    roles: tuple[str, ...]
    state_is_sure: bool
    all_optional: bool

    @property
    def left_out(self) -> tuple[str, ...]:
        """Return the arguments that keep their defaults."""
        given = self.names[1 : 1 + len(self.roles)]
        unused = [name for name, role in zip(given, self.roles, strict=True) if role == "nothing"]
        return (*unused, *self.names[1 + len(self.roles) :])

    def without_state(self) -> ForwardArguments:
        """Return the same for a class that runs without its state."""
        return self._without("state")

    def without_lengths(self) -> ForwardArguments:
        """Return the same for a class that does nothing with its lengths, whose default is None."""
        return self._without("lengths")

    def _without(self, left: str) -> ForwardArguments:
        roles = ["nothing" if role == left else role for role in self.roles]
        while roles and roles[-1] == "nothing":
            roles.pop()
        sure = self.state_is_sure and "state" in roles
        return ForwardArguments(self.names, tuple(roles), sure, self.all_optional)


def read_arguments(module: nn.Module) -> ForwardArguments | None:
    """Find the roles of the arguments of `forward`.

    An argument after one that has no role keeps its default, as does that one itself. A name that says nothing may be
    that of a state if it directly follows the input or the lengths, and its default is None.

    Args:
        module: a user's own.

    Returns:
        The arguments; None where one that is neither the input nor lengths has to be given.
    """
    first, *others = inspect.signature(module.forward).parameters.values()
    roles: list[str] = []
    sure, reading = False, True
    for parameter in others:
        role = find_role(parameter)
        required = parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
        if required and not (reading and role == "lengths" and role not in roles):
            return None
        reading = reading and role != "" and role.rstrip("?") not in roles
        if reading:
            roles.append(role.rstrip("?"))
            sure |= role == "state"
    names = (first.name, *(parameter.name for parameter in others))
    optional = all(parameter.default is None for parameter in others[: len(roles)])
    return ForwardArguments(names, tuple(roles), sure, optional)


def find_role(parameter: inspect.Parameter) -> str:
    """Return "lengths", "state", "state?" where only None as a default speaks for it, or nothing."""
    if parameter.kind is not parameter.POSITIONAL_OR_KEYWORD and parameter.kind is not parameter.POSITIONAL_ONLY:
        return ""
    name = parameter.name.lower()
    if name in LENGTHS:
        return "lengths"
    if parameter.default is not None:
        return ""
    return "state" if name in STATES else "state?"
