"""Sizes of models and lengths of trainings by the amount of data."""

from __future__ import annotations

from typing import Any

LEAST_BATCHES = 10  # of an epoch; small data trains in small batches


def plan_sounds(task: Any) -> dict[str, Any]:
    """Plan a classifier of recordings."""
    return {
        "model": {"name": "gru_speech_classifier", "init": "orthogonal"},
        **plan_training(len(task.train), batch_size=32, steps=1500, epochs=(10, 80), learning_rate=3e-3),
    }


def plan_sequences(task: Any) -> dict[str, Any]:
    """Plan a classifier of series, or a regressor where they have numbers."""
    overrides = {"hidden_size": 64, "bidirectional": True, "standardize": True}
    name = "gru_regressor" if "num_targets" in task.model_overrides() else "gru_classifier"
    return {
        "model": {"name": name, "init": "orthogonal", "overrides": overrides},
        **plan_training(len(task.train), batch_size=32, steps=1500, epochs=(10, 100), learning_rate=3e-3),
    }


def plan_tags(task: Any) -> dict[str, Any]:
    """Plan a tagger of words."""
    return {
        "model": {"name": "lstm_word_tagger", "init": "orthogonal"},
        **plan_training(len(task.train), batch_size=32, steps=3000, epochs=(6, 40), learning_rate=3e-3),
    }


def plan_text(task: Any) -> dict[str, Any]:
    """Plan a language model over characters; an example is a chunk of a stream."""
    chunks = len(task.train) // task.options["steps"]
    size = 128 if chunks < 1000 else 256
    return {
        "model": {"name": "lstm_character_language_model", "overrides": {"hidden_size": size}},
        **plan_training(chunks, batch_size=32, steps=1500, epochs=(5, 40), learning_rate=3e-3),
    }


def plan_training(
    examples: int, *, batch_size: int, steps: int, epochs: tuple[int, int], learning_rate: float
) -> dict[str, Any]:
    """Return optimiser, schedule and training for a number of examples.

    Args:
        examples: of the training part.
        batch_size: where there are enough examples for `LEAST_BATCHES` of them.
        steps: wanted in all.
        epochs: the fewest and the most, whatever steps they make.
        learning_rate: at its highest.
    """
    batch_size = max(1, min(batch_size, examples // LEAST_BATCHES))
    per_epoch = -(-examples // batch_size)
    fewest, most = epochs
    count = min(most, max(fewest, round(steps / per_epoch)))
    return {
        "optimizer": {"learning_rate": learning_rate},
        "schedule": {"warmup_steps": max(1, count * per_epoch // 20)},
        "training": {"max_epochs": count, "batch_size": batch_size, "patience": max(5, count // 3)},
        "fast": {"training.max_epochs": 1, "schedule.warmup_steps": 1},
    }
