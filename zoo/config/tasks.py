"""The configurations of the tasks: the head on top of the recurrent stack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from zoo.config.faults import probability_faults, whole_number_faults
from zoo.config.recurrent import RecurrentConfig

Pooling = Literal["last", "mean", "max", "additive_attention", "dot_product_attention"]
POOLINGS: tuple[str, ...] = get_args(Pooling)
Reading = Literal[Pooling, "none"]


@dataclass(frozen=True, kw_only=True)
class EncoderConfig(RecurrentConfig):
    """The bare stack: one feature vector per step."""


@dataclass(frozen=True, kw_only=True)
class HeadConfig(RecurrentConfig):
    """A stack with a head on top.

    Args:
        head_dropout: probability on the features that enter the head, in training only.
    """

    head_dropout: float = 0.0

    def faults(self) -> list[str]:
        return super().faults() + probability_faults("head_dropout", self.head_dropout)


@dataclass(frozen=True, kw_only=True)
class ClassifierConfig(HeadConfig):
    """One class for a whole sequence.

    Args:
        num_classes: number of scores; 1 for the log-odds of one class, or for one number.
        pooling: how the steps become one vector: "last" (the final hidden state of each direction), or over the valid
            steps "mean", "max", or the mean with learned weights, "additive_attention" or "dot_product_attention".
    """

    num_classes: int = 10
    pooling: Pooling = "last"

    def faults(self) -> list[str]:
        found = super().faults() + whole_number_faults("num_classes", self.num_classes, 1)
        if self.pooling not in POOLINGS:
            found.append(f"pooling must be one of {', '.join(POOLINGS)}, got {self.pooling!r}")
        return found


@dataclass(frozen=True, kw_only=True)
class TaggerConfig(HeadConfig):
    """One class for every step.

    Args:
        num_classes: number of scores per step; 1 for the log-odds of one class, or for one number.
    """

    num_classes: int = 10

    def faults(self) -> list[str]:
        return super().faults() + whole_number_faults("num_classes", self.num_classes, 1)


@dataclass(frozen=True, kw_only=True)
class RegressorConfig(HeadConfig):
    """One or several numbers for a whole sequence or for every step, in the units that `zoo.set_units_` sets.

    Args:
        num_targets: how many numbers.
        pooling: as of a classifier; "none" gives numbers for every step.
    """

    num_targets: int = 1
    pooling: Reading = "last"

    def faults(self) -> list[str]:
        found = super().faults() + whole_number_faults("num_targets", self.num_targets, 1)
        if self.pooling not in get_args(Reading):
            found.append(f"pooling must be one of {', '.join(get_args(Reading))}, got {self.pooling!r}")
        return found


@dataclass(frozen=True, kw_only=True)
class ForecasterConfig(HeadConfig):
    """The next values of one or many variables; with `standardize` in the units that `zoo.set_units_` sets.

    Args:
        horizon: number of future steps, which are forecast at once.
        num_variables: values per future step.
    """

    horizon: int = 1
    num_variables: int = 1

    def faults(self) -> list[str]:
        found = super().faults() + whole_number_faults("horizon", self.horizon, 1)
        return found + whole_number_faults("num_variables", self.num_variables, 1)


@dataclass(frozen=True, kw_only=True)
class CTCConfig(HeadConfig):
    """Log-probabilities over labels and the blank for every step (Graves et al. 2006).

    Args:
        num_labels: number of labels, including the blank, which is label 0.
    """

    num_labels: int = 29

    def faults(self) -> list[str]:
        return super().faults() + whole_number_faults("num_labels", self.num_labels, 2)


@dataclass(frozen=True, kw_only=True)
class LanguageModelConfig(HeadConfig):
    """Scores of the next token at every step; `vocab_size` counts the tokens and so the scores."""

    vocab_size: int | None = 256

    @property
    def num_classes(self) -> int:
        assert self.vocab_size is not None  # faults() refuses it
        return self.vocab_size

    def faults(self) -> list[str]:
        found = super().faults()
        if self.vocab_size is None:
            found.append("vocab_size must be a whole number >= 1, got None: a language model reads tokens")
        if self.bidirectional is True:
            found.append("bidirectional must be False: a language model may not see the token it predicts")
        return found
