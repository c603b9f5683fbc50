"""Which data sets are here, and small ones that tests write.

Tests of a set that is not here are skipped with a line that says how to get it.
"""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from zoo.data.source import DataError, DataSource


def need(source: DataSource) -> None:
    """Skip the test where a data set is missing."""
    if not source.folder:
        return  # a pip package brings it
    try:
        source.find()
    except DataError as error:
        pytest.skip(str(error))


def write_wav(path: Path, values: list[int], rate: int = 8000, channels: int = 1) -> Path:
    """Write 16-bit samples and return where."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"".join(value.to_bytes(2, "little", signed=True) for value in values))
    return path
