"""ETTh2 (Zhou et al. 2021): the second transformer, in the form of ETTh1, with its split."""

from __future__ import annotations

from dataclasses import replace

from zoo.data import etth1
from zoo.data.csv_series import Series, parse_csv
from zoo.data.source import read_files

SOURCE = replace(
    etth1.SOURCE,
    name="ETTh2",
    sha256="0d445b30ed412968d854729c06fc6025ad9427356192b0a2a09c3ac1946ed749",
    contents="ETTh2.csv",
)


def load_etth2() -> Series:
    """Return the whole series (17420, 7), in the units of the file; `zoo.data.etth1.BORDERS` split it.

    Raises:
        DataError: the file is missing or another one.
    """
    ((_, content),) = read_files(SOURCE, "ETTh2.csv")
    return parse_csv(content.decode())
