"""What people say of a shipped model in `about.toml` beside its weights: what no script can measure."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

ABOUT = "about.toml"


@dataclass(frozen=True)
class About:
    """Words about a model; the first four also go into its files, its repr and `cpp_runner info`.

    Args:
        purpose: what it is for.
        not_for: what it must not be taken for.
        input: what a step is, and its unit.
        output: what the numbers mean.
        split: who or what is in which part of the data.
        failures: known ones.
    """

    purpose: str
    not_for: str
    input: str
    output: str
    split: str
    failures: list[str]

    def to_record(self) -> dict[str, str]:
        """Return what goes into the model's `training_record`."""
        return {"purpose": self.purpose, "not_for": self.not_for, "input": self.input, "output": self.output}


def read_about(folder: Path) -> About:
    """Read `about.toml` in the folder of a shipped model.

    Raises:
        FileNotFoundError: a model that ships needs one.
        ValueError: a field is missing, empty or unknown.
    """
    path = folder / ABOUT
    words = tomllib.loads(path.read_text())
    expected = [field.name for field in fields(About)]
    if sorted(words) != sorted(expected) or not all(words.values()):
        raise ValueError(f"{path} must have the fields {', '.join(expected)}, none of them empty")
    return About(**words)
