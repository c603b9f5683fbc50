"""Which data sets are here; tests of the others are skipped with a line that says how to get them."""

from __future__ import annotations

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
