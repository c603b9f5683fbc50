"""Detections as events: peaks of scores, located in time, and misses against false alarms an hour."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

# Thresholds are whole multiples of 1 / GRID: numbers that a person can type, and that rounding errors seldom change.
GRID = 100


@dataclass(frozen=True)
class Detections:
    """The peaks of scores over streams. Above a threshold, each is a hit or a false alarm.

    Args:
        scores: float64 (N,).
        hits: bool (N,): whether the peak lies where its keyword ends.
        keywords: int64 (N,): of which keyword's scores it is the peak.
        said: int64 (keywords,): how often each is said.
        hours: of sound.
    """

    scores: Tensor
    hits: Tensor
    keywords: Tensor
    said: Tensor
    hours: float

    def of_keyword(self, keyword: int) -> Detections:
        """Return the detections of one keyword."""
        own = self.keywords == keyword
        said = self.said[keyword : keyword + 1]
        return Detections(self.scores[own], self.hits[own], torch.zeros(int(own.sum())).long(), said, self.hours)

    def miss_rate(self, threshold: float) -> float:
        """Return the share of the words said that no peak of at least this height finds."""
        found = self.hits & (self.scores >= threshold)
        return 1 - int(found.sum()) / int(self.said.sum())

    def false_alarms(self, threshold: float) -> float:
        """Return how many false alarms of at least this height there are an hour, of all keywords together."""
        return int((~self.hits & (self.scores >= threshold)).sum()) / self.hours

    def find_threshold(self, rate: float) -> float:
        """Return the lowest threshold on the grid at which there are at most `rate` false alarms an hour.

        Where even all peaks are not more than that, it is the highest one that is below all of them.
        """
        false = self.scores[~self.hits].sort(descending=True).values
        allowed = math.floor(rate * self.hours)
        if allowed < len(false):
            return (math.floor(float(false[allowed]) * GRID) + 1) / GRID
        return math.floor(float(self.scores.min()) * GRID) / GRID

    def curve(self, others: Detections) -> tuple[Tensor, Tensor]:
        """Return the false alarms an hour in other streams and the share of misses in these, by rising threshold.

        Returns:
            Two tensors (thresholds,). The thresholds are all scores.
        """
        thresholds = torch.cat([self.scores, others.scores]).unique()  # sorted
        hits, false = self.scores[self.hits].sort().values, others.scores[~others.hits].sort().values
        found = len(hits) - torch.searchsorted(hits, thresholds)
        return (len(false) - torch.searchsorted(false, thresholds)) / others.hours, 1 - found / self.said.sum()


def find_peaks(scores: Tensor, valid: Tensor, apart: int) -> Tensor:
    """Return where a score is the highest one of all that lie up to `apart` steps away, bool (B, T, keywords).

    Of equal ones it is the first. A detector that keeps silent for this time after a detection fires once for each.

    Args:
        scores: (B, T, keywords).
        valid: bool (B, T), False in the padding.
        apart: steps.
    """
    rows = scores.masked_fill(~valid.unsqueeze(2), -torch.inf).transpose(1, 2)  # (B, keywords, T)
    _, place = functional.max_pool1d(rows, 2 * apart + 1, stride=1, padding=apart, return_indices=True)
    first = place == torch.arange(rows.size(2))
    return first.transpose(1, 2) & valid.unsqueeze(2)


def mark_hits(peaks: Tensor, scores: Tensor, ends: Tensor, margin: int) -> tuple[Tensor, int]:
    """Return which peaks are hits, bool (T,), and how often the keyword is said.

    A word is hit by the highest peak that lies where it ends, or up to `margin` steps beside that. Every peak hits one
    word at most.

    Args:
        peaks: bool (T,), of one stream and keyword.
        scores: (T,).
        ends: bool (T,), True about the end of each word.
        margin: steps.
    """
    hits = torch.zeros_like(peaks)
    edges = functional.pad(ends.long(), (1, 1)).diff()  # (T + 1,)
    starts, stops = (edges == 1).nonzero().flatten().tolist(), (edges == -1).nonzero().flatten().tolist()
    for start, stop in zip(starts, stops, strict=True):
        first = max(0, start - margin)
        free = (peaks & ~hits)[first : stop + margin]
        if free.any():
            near = scores[first : stop + margin].masked_fill(~free, -torch.inf)
            hits[first + int(near.argmax())] = True
    return hits, len(starts)
