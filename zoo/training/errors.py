"""What stops a training."""

from __future__ import annotations


class TrainingError(RuntimeError):
    """A training that cannot go on; the message says why, what is kept and what to do."""
