"""The nets that are compared: families of the zoo and ways to begin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import zoo
from zoo.training.effects.problems import Problem

HIDDEN = 32


@dataclass(frozen=True)
class Variant:
    """A family and how its weights begin; biases begin at 0.

    Args:
        label: in tables.
        family: of the zoo.
        scheme: of the initial weights.
        forget_bias: of an LSTM; None for 0.
        chrono: draw the biases of the gates that keep the state for the length of the problem.
        learning_rate: of Adam. Nets without gates do not bear the rate of the others.
    """

    label: str
    family: str
    scheme: str = "orthogonal"
    forget_bias: float | None = None
    chrono: bool = False
    learning_rate: float = 1e-2


VARIANTS = (
    Variant("RNN tanh, Xavier", "rnn", "xavier_uniform", learning_rate=1e-3),
    Variant("RNN tanh, orthogonal", "rnn", learning_rate=1e-3),
    Variant("RNN relu, identity", "rnn_relu", "identity", learning_rate=1e-3),
    Variant("LSTM, forget bias 0, Xavier", "lstm", "xavier_uniform"),
    Variant("LSTM, forget bias 0", "lstm"),
    Variant("LSTM, forget bias 1", "lstm", forget_bias=1.0),
    Variant("LSTM, chrono", "lstm", chrono=True),
    Variant("LSTM, layer norm, forget bias 1", "layer_norm_lstm", forget_bias=1.0),
    Variant("GRU", "gru"),
    Variant("minGRU", "min_gru"),
    Variant("IndRNN", "ind_rnn", learning_rate=1e-3),
    Variant("Clockwork RNN", "clockwork_rnn", learning_rate=1e-3),
)


def build_variant(variant: Variant, problem: Problem, seed: int) -> Any:
    """Return the model of a variant for a problem: one layer of 32 units and a head, in training mode."""
    chrono = problem.steps if variant.chrono else None
    init = zoo.Init(variant.scheme, zero_bias=True, forget_bias=variant.forget_bias, chrono=chrono)
    sizes: dict[str, Any] = {"hidden_size": HIDDEN, "num_layers": 1, "dropout": 0.0}
    model = zoo.build(f"{variant.family}_{problem.task}", init=init, seed=seed, **sizes, **problem.overrides)
    return model.train()
