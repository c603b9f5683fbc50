"""ETTh1 (Zhou et al. 2021): two years of a power transformer, hourly; six loads and the oil's temperature.

Split as the literature does: twelve, four and four months of 30 days; nobody uses the last 2,960 rows.
"""

from __future__ import annotations

from zoo.data.csv_series import Series, parse_csv
from zoo.data.source import DataSource, read_files

SOURCE = DataSource(
    name="ETTh1",
    folder="ettdataset",
    address="https://github.com/zhouhaoyi/ETDataset (commit 1d16c8f4, ETT-small)",
    license="CC BY-ND 4.0",
    sha256="2bc7794c0ceeb884849679a2537c6889b449a264bbf9378196a8f233a1150991",
    contents="ETTh1.csv",
)
MONTH = 30 * 24
# First row of validation, of test, and the row after the last one of test.
BORDERS = (12 * MONTH, 16 * MONTH, 20 * MONTH)


def load_etth1() -> Series:
    """Return the whole series (17420, 7), in the units of the file; `BORDERS` split it.

    Raises:
        DataError: the file is missing or another one.
    """
    ((_, content),) = read_files(SOURCE, "ETTh1.csv")
    return parse_csv(content.decode())
