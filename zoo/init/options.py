"""What can be said of initial weights, and what cannot be said together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from zoo.config.faults import flag_faults, make_plain_, number_faults, to_plain
from zoo.errors import ZooError


class InitError(ZooError, ValueError):
    """A scheme that does not exist, options that contradict each other, or layers that cannot take them."""


@dataclass(frozen=True)
class Init:
    """How weights are initialised.

    Args:
        scheme: a registered name; see `list_inits`.
        zero_bias: start all biases at 0; otherwise they are uniform in +-1/sqrt(hidden_size), as in PyTorch.
        forget_bias: the sum of the two biases of the forget gate, for the LSTM only (Jozefowicz et al. 2015 advise 1).
            It is set in `bias_ih`; the part in `bias_hh` is 0.
        unit_forget: Keras' start of an LSTM's biases: 1 for the forget gate and 0 for all others.
        chrono: the longest time scale T, in steps (Tallec and Ollivier 2018, equation 16). Each unit draws u, uniform
            in [1, T - 1]. The bias of its forget gate, or of a GRU's update gate, is log(u), and that of an input gate
            beside a forget gate is -log(u). They are set in `bias_ih`; the parts in `bias_hh` are 0.
        overrides: patterns of parameters' names, and for each a scheme's name or a number that fills them, such as
            {"weight_hh*": "orthogonal", "head.bias": 0.5}. A pattern is held against the whole name and its last part.
            Of several that fit, the last one holds.

    Raises:
        InitError: an option is of a wrong type, or two set the same biases.
    """

    scheme: str = "uniform"
    zero_bias: bool = False
    forget_bias: float | None = None
    unit_forget: bool = False
    chrono: int | None = None
    overrides: Mapping[str, str | float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        make_plain_(self)
        if isinstance(self.overrides, Mapping):
            plain = {pattern: to_plain(start) for pattern, start in self.overrides.items()}
            object.__setattr__(self, "overrides", plain)
        faults = self._faults()
        if faults:
            raise InitError("; ".join(faults))
        given = {"forget_bias": self.forget_bias, "unit_forget": self.unit_forget or None, "chrono": self.chrono}
        setters = [f"{name}={value}" for name, value in given.items() if value is not None]
        if len(setters) > 1:
            raise InitError(f"{' and '.join(setters)} set the same biases; give one of them")

    def _faults(self) -> list[str]:
        found = []
        if not isinstance(self.scheme, str):
            found.append(f"scheme must be the name of a scheme, got {self.scheme!r}")
        found += flag_faults("zero_bias", self.zero_bias) + flag_faults("unit_forget", self.unit_forget)
        if self.forget_bias is not None:
            found += number_faults("forget_bias", self.forget_bias)
        if self.chrono is not None and (not isinstance(self.chrono, int) or self.chrono < 2):
            found.append(f"chrono is the longest time scale, a whole number of steps >= 2; got {self.chrono!r}")
        if not isinstance(self.overrides, Mapping):
            return [*found, f"overrides must be a mapping of patterns to starts, got {self.overrides!r}"]
        for pattern, start in self.overrides.items():
            if not isinstance(pattern, str):
                found.append(f"a pattern of overrides must be a string, got {pattern!r}")
            elif not isinstance(start, str):
                found += number_faults(f"overrides[{pattern!r}]", start)
        return found

    @property
    def start_of_forget(self) -> float | None:
        """The bias of every forget gate, or None where no option gives one."""
        return 1.0 if self.unit_forget else self.forget_bias

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def to_options(init: object) -> Init:
    """Return the options that a scheme's name stands for, or the options given.

    Raises:
        InitError: it is neither.
    """
    if isinstance(init, Init):
        return init
    if isinstance(init, str):
        return Init(init)
    raise InitError(f"init must be the name of a scheme or zoo.Init(...), got {init!r}")


def check_seed(seed: object) -> int:
    """Return a seed as PyTorch takes it.

    Raises:
        InitError: it is not a whole number of 64 bits.
    """
    seed = to_plain(seed)
    if isinstance(seed, bool) or not isinstance(seed, int) or not -(2**63) <= seed < 2**64:
        raise InitError(f"seed must be a whole number of 64 bits, got {seed!r}")
    return seed
