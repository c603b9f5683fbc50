"""Numbers that stand for missing values in tables, such as -999, and that no option has named."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

# As text: nines only, such as -999, 9999.0 and -99.9; and -200 of air quality stations.
USUAL = re.compile(r"-?9{2,}(\.9+)?|-200")


def find_sentinel(values: NDArray[np.float64]) -> str:
    """Return a number that probably stands for missing values; empty where there is none.

    It has the form of `USUAL`, stands there twice or more, and lies farther from all others than they from each other.

    Args:
        values: of a column; NaN where one is missing.
    """
    known: Any = np.unique(values[np.isfinite(values)])
    if len(known) < 3:
        return ""
    for extreme, others in ((known[0], known[1:]), (known[-1], known[:-1])):
        far = np.abs(others - extreme).min() > others[-1] - others[0]
        text = f"{extreme:.10g}"
        if far and USUAL.fullmatch(text) and int((values == extreme).sum()) > 1:
            return text
    return ""
