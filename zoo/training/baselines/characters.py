"""The next character by the four before it."""

from __future__ import annotations

import math
from typing import Any

from nltk.lm import WittenBellInterpolated
from nltk.lm.preprocessing import everygrams

ORDER = 5


def score_n_grams(task: Any) -> dict[str, float]:
    """Counts of one to five characters, interpolated as Witten and Bell (1991) do; the test text is one stream."""
    train, test = (_characters(tokens, task) for tokens in (task.train, task.text.test))
    model = WittenBellInterpolated(ORDER)
    model.fit([everygrams(train, max_len=ORDER)], vocabulary_text=train)
    lost = sum(-model.logscore(test[k], test[max(0, k - ORDER + 1) : k]) for k in range(1, len(test)))
    return {"nats_per_character": lost * math.log(2) / (len(test) - 1)}


def _characters(tokens: Any, task: Any) -> list[str]:
    return [task.text.characters[k] for k in tokens.tolist()]
