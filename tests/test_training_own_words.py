"""People's own tagged words: parts, tags that training lacks, figures, and a test with another file."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from zoo.data.source import DataError
from zoo.training.experiment import read_experiment
from zoo.training.learners.tagging import PADDING, TaggingLearner
from zoo.training.tasks import make_task
from zoo.training.tasks.own.tagged_files import TaggedFiles
from zoo.training.trainer import score_model, train

NAMES = "Ada B-per\nspoke O\n\nBonn S-loc\nis O\nBonn S-loc\n\n" * 10


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_parts_without_a_file_are_the_end_of_the_training_file(tmp_path: Path) -> None:
    task: Any = make_task("conllu", {"train": write(tmp_path / "a.bio", NAMES)})
    assert [len(part) for part in (task.corpus.train, task.corpus.validation, task.corpus.test)] == [16, 2, 2]
    assert task.corpus.test[-1].lines == [67, 68, 69]
    facts = task.facts()
    assert facts["words"] == "50 in 20 sentences"
    assert facts["tags"] == "3: O 16, S-loc 16, B-per 8 to train on"
    assert facts["entities"].startswith("marked as BIOES; F1")
    assert (
        facts["split"] == "16 train, 2 validation, 2 test sentences; validation and test: the end of the training file"
    )
    assert task.metric == "f1"


@pytest.mark.parametrize("part", ["validation", "test"])
def test_tags_that_training_lacks_are_refused_with_their_line(tmp_path: Path, part: str) -> None:
    options = {
        "train": write(tmp_path / "a.bio", NAMES),
        part: write(tmp_path / "b.bio", "Ada B-per\n\nEarth S-star\n"),
    }
    with pytest.raises(DataError, match=r"b.bio, line 3: the tag 'S-star' is not in the training data; .*=miss"):
        make_task("conllu", options)
    with pytest.raises(ValueError, match="unseen_tags must be refuse or miss, got 'skip'"):
        make_task("conllu", {**options, "unseen_tags": "skip"})


def test_tags_that_training_lacks_can_be_missed(tmp_path: Path) -> None:
    files = {"train": write(tmp_path / "a.bio", NAMES), "test": write(tmp_path / "b.bio", "Earth S-star\nBonn S-loc\n")}
    task: Any = make_task("conllu", {**files, "unseen_tags": "miss"})
    (batch,) = task.test_batches()
    assert task.tags == ("B-per", "O", "S-loc")
    assert batch.target.tolist() == [[3, 2]]
    output = torch.nn.functional.one_hot(torch.tensor([[2, 2]]), 3).float()
    score = task.score([output], [batch])
    entities = {"precision": 0.5, "recall": 0.5, "f1": 0.5}
    assert score == pytest.approx({"accuracy": 0.5, "calibration_error": math.e / (math.e + 2) - 0.5, **entities})
    learner = TaggingLearner.__new__(TaggingLearner)
    torch.nn.Module.__init__(learner)
    learner.task = task
    kept = batch._replace(target=torch.tensor([[PADDING, 2]]))
    assert torch.equal(learner.loss(output, batch), learner.loss(output, kept))


def test_parts_that_teach_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a.bio has one tag only, 'O'; a tagger needs two"):
        make_task("conllu", {"train": write(tmp_path / "a.bio", "a O\nb O\n\n" * 9)})
    with pytest.raises(DataError, match=r"b.bio is too short to cut off a validation part: .* there are 2"):
        make_task("conllu", {"train": write(tmp_path / "b.bio", "a O\n\nb B-x\n")})
    with pytest.raises(DataError, match=r"c.bio has no sentence"):
        make_task("conllu", {"train": write(tmp_path / "d.bio", NAMES), "test": write(tmp_path / "c.bio", "\n")})


@pytest.mark.autograd
def test_entities_are_learnt_and_tested_with_another_file(tmp_path: Path) -> None:
    options = {"train": write(tmp_path / "a.bio", NAMES)}
    overrides = {"task.name": "conllu", "task.options": options, "model.overrides.hidden_size": 8}
    quick = {
        "training.max_epochs": 12,
        "training.accelerator": "cpu",
        "training.batch_size": 4,
        "training.average": 0.0,
    }
    steps = {"optimizer.learning_rate": 0.02, "schedule.warmup_steps": 2}
    done = train(
        read_experiment("lstm_tagger_wnut17", {**overrides, **quick, **steps}), tmp_path / "run", progress=False
    )
    assert done.metrics["test"]["f1"] == 1
    assert done.model.config.tags == ["B-per", "O", "S-loc"]
    assert done.model.training_record is not None
    about = done.model.training_record["about"]
    assert about["input"] == "one word a step, as 32 UTF-8 bytes padded with 0"
    assert about["output"] == "scores of the 3 tags for each word; softmax makes probabilities of them"
    other = write(tmp_path / "b.bio", "Ada B-per\nspoke O\n\nBonn B-per\nis O\nBonn S-loc\n")
    restored = TaggedFiles.restore(options, done.task.record(), other)
    score = score_model(done.model, restored, restored.test_batches())
    assert score["accuracy"] == pytest.approx(4 / 5)
    assert score["f1"] == pytest.approx(2 / 3)
    assert (restored.metric, len(restored.test_batches()[0].input)) == ("f1", 2)
