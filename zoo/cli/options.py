"""Options of tasks on a command line: `missing=drop` for `task.options.missing=drop`, and errors in these words."""

from __future__ import annotations

import shlex

from zoo.data.source import DataError
from zoo.training.experiment import list_keys

OPTIONS = "task.options."


def find_key(key: str) -> str:
    """Return the key of an experiment that a key on the command line stands for; a bare name is an option of the task.

    Raises:
        ValueError: the name is that of another key, without its table.
    """
    keys = list_keys()
    if "." in key or key in {known.partition(".")[0] for known in keys}:
        return key
    whole = [known for known in keys if known.rpartition(".")[2] == key]
    if whole:
        raise ValueError(f"no key {key}; did you mean {' or '.join(whole)}?")
    return OPTIONS + key


def write_option(option: str, value: str) -> str:
    """Return an option of the task as a shell takes it."""
    return shlex.quote(f"{option}={value}")


def tell(error: Exception) -> str:
    """Return the message of an error, with the options that settle it as a user of the program types them."""
    return error.tell(write_option) if isinstance(error, DataError) else str(error)
