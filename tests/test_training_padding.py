"""Padding in training: no statistic of a model learns from it."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

import zoo
from zoo.training.batching import Batch, pad_sequences
from zoo.training.experiment import Experiment, ModelPart, TaskPart
from zoo.training.learners.base import Learner
from zoo.training.learners.detection import DetectionLearner
from zoo.training.learners.transcription import TranscriptionLearner

EXPERIMENT = Experiment(name="padded", model=ModelPart(name="a"), task=TaskPart(name="a"))
TASK: Any = SimpleNamespace(metric="loss", mode="min")
LEARNERS = {"lstm_ctc": TranscriptionLearner, "gru_detector_speech": DetectionLearner}


def make_learner(name: str, **traits: Any) -> Learner:
    model = zoo.build(name, hidden_size=8, num_layers=2, dropout=0.0, seed=0, **traits)
    return LEARNERS[name](model.train(), TASK, EXPERIMENT).train()


def statistics_after(name: str, batch: Batch) -> list[torch.Tensor]:
    """Return the running statistics after one step on a batch."""
    learner = make_learner(name, batch_norm=True)
    learner(batch)
    return [value.clone() for key, value in learner.state_dict().items() if "running" in key]


@pytest.mark.parametrize("name", LEARNERS)
def test_batch_norms_learn_from_valid_steps_only(name: str) -> None:
    size = make_learner(name).model.config.input_size
    input, lengths = pad_sequences([torch.randn(steps, size) for steps in (12, 5, 3)])
    target = torch.zeros(3, 12, dtype=torch.int64)
    longer = torch.nn.functional.pad(input, (0, 0, 0, 40))
    found = statistics_after(name, Batch(input, lengths, target))
    padded = statistics_after(name, Batch(longer, lengths, target))
    assert len(found) == 4
    for one, other in zip(found, padded, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("name", LEARNERS)
def test_models_without_such_statistics_still_run_on(name: str) -> None:
    assert make_learner(name).may_run_on
    assert not make_learner(name, bidirectional=name == "lstm_ctc", batch_norm=True).may_run_on
