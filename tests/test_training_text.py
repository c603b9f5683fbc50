"""Tasks of text and series: metrics by hand, streams in order, carried state, people's own files."""

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from support.data_sets import need
from torch import Tensor

from zoo.cli import train as train_program
from zoo.cli.train import read_override
from zoo.data import etth1, tiny_shakespeare
from zoo.data.conllu import TaggedCorpus, TaggedSentence
from zoo.data.source import DataError
from zoo.models.characters import spell
from zoo.training.batching import Batch
from zoo.training.experiment import read_experiment
from zoo.training.learners.language_modelling import LanguageModellingLearner
from zoo.training.learners.tagging import PADDING, score_entities, score_words
from zoo.training.tasks import make_task
from zoo.training.tasks.language_modelling import CharacterPrediction, ChunksInOrder, Streams, cut_rows
from zoo.training.tasks.tagging import OPTIONS, WordTagging, collate
from zoo.training.text_metrics import entity_scores, find_entities, nats_per_symbol, valid_steps
from zoo.training.trainer import make_model, train

TEXT = "It was the best of times, it was the worst of times.\n" * 60
CONLLU = "1\tIt\tit\tPRON\tPRP\t_\t0\troot\t_\t_\n2\twas\tbe\tAUX\tVBD\t_\t1\tcop\t_\t_\n\n" * 30


@pytest.mark.parametrize(
    ("tags", "entities"),
    [
        ("O O", []),
        ("B-person I-person O", [(0, 2, "person")]),
        ("B-person M-person E-person S-group", [(0, 3, "person"), (3, 4, "group")]),
        ("B M E S O B E", [(0, 3, ""), (3, 4, ""), (5, 7, "")]),
        ("B I I B O I", [(0, 3, ""), (3, 4, ""), (5, 6, "")]),
        ("B-person B-person", [(0, 1, "person"), (1, 2, "person")]),
        ("B-person I-group", [(0, 1, "person"), (1, 2, "group")]),
        ("O I-group I-group", [(1, 3, "group")]),
        ("B-group O I-group", [(0, 1, "group"), (2, 3, "group")]),
        ("O B-work", [(1, 2, "work")]),
        ("B-a E-a S-a S-a O", [(0, 2, "a"), (2, 3, "a"), (3, 4, "a")]),
        ("B-a I-a L-a U-b", [(0, 3, "a"), (3, 4, "b")]),
        ("E-a E-a I-b", [(0, 1, "a"), (1, 2, "a"), (2, 3, "b")]),
        ("B-first-name I-first-name", [(0, 2, "first-name")]),
    ],
)
def test_entities_are_read_as_conlleval_does(tags: str, entities: list[Any]) -> None:
    assert find_entities(tags.split()) == set(entities)


def test_entity_scores_by_hand() -> None:
    true = [["B-a", "I-a", "O", "B-b"], ["O", "B-b", "O", "O"]]
    called = [["B-a", "I-a", "O", "B-a"], ["O", "B-b", "B-b", "O"]]
    # 4 called, 3 true, 2 right
    assert entity_scores(called, true) == pytest.approx({"precision": 2 / 4, "recall": 2 / 3, "f1": 4 / 7})
    assert entity_scores([["O"]], [["B-a"]]) == {"precision": 0.0, "recall": 0.0, "f1": 0.0}


class OneSentence(WordTagging):
    """A corpus of one sentence, read as the options say."""

    def __init__(self, **options: Any) -> None:
        self.options = OPTIONS | {"word_bytes": 8} | options
        sentences = [TaggedSentence(["Äsop", "saw", "Rome"], ["X", "Y", "X"])]
        self.set_corpus(TaggedCorpus(sentences, sentences, sentences), fast=False)

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        return score_words(outputs, batches)


def read_words(batch: Batch) -> list[str]:
    """Return the words of a batch of one sentence."""
    return [bytes(word).rstrip(b"\0").decode() for word in batch.input[0].tolist()]


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("", ["Äsop", "saw", "Rome"]),
        ("small letters", ["äsop", "saw", "rome"]),
        ("capitals", ["ÄSOP", "SAW", "ROME"]),
    ],
)
def test_validation_and_test_are_read_in_the_condition_and_training_is_not(condition: str, words: list[str]) -> None:
    task = OneSentence(condition=condition)
    assert [read_words(batch) for batch in (*task.validation_batches(), *task.test_batches())] == [words] * 2
    assert [read_words(batch) for batch in task.train_batches(1, 0)] == [["Äsop", "saw", "Rome"]]


def test_a_condition_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no condition is called 'loud'; there are small letters, capitals"):
        OneSentence(condition="loud")


def test_training_sentences_change_their_case_as_a_whole() -> None:
    torch.manual_seed(0)
    task = OneSentence(case=0.5)
    drawn = {tuple(read_words(batch)) for _ in range(20) for batch in task.train_batches(1, 0)}
    assert drawn == {("äsop", "saw", "rome"), ("ÄSOP", "SAW", "ROME")}


def test_nats_by_hand() -> None:
    scores = torch.tensor([[[0.0, math.log(3.0)], [0.0, 0.0]]])  # probabilities 1/4, 3/4 and 1/2, 1/2
    assert nats_per_symbol([scores], [torch.tensor([[1, 0]])]) == pytest.approx((math.log(4 / 3) + math.log(2)) / 2)
    with pytest.raises(ValueError, match="no symbols"):
        nats_per_symbol([], [])


def test_valid_steps() -> None:
    values = torch.arange(6).view(2, 3)
    assert valid_steps(values, torch.tensor([1, 3])).tolist() == [0, 3, 4, 5]
    assert valid_steps(values, None).tolist() == [0, 1, 2, 3, 4, 5]


def test_words_and_tags_become_a_padded_batch() -> None:
    sentences = [(spell(["ab", "é"], 3), torch.tensor([1, 0])), (spell(["abcd"], 3), torch.tensor([1]))]
    batch = collate(sentences)
    assert batch.input.tolist() == [[[97, 98, 0], [0xC3, 0xA9, 0]], [[97, 98, 99], [0, 0, 0]]]
    assert batch.target.tolist() == [[1, 0], [1, PADDING]]
    output = torch.tensor([[[0.0, 1.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]])
    sure = 1 / (1 + math.exp(-1))  # of all three calls, of which two are right
    assert score_words([output], [batch]) == pytest.approx({"accuracy": 2 / 3, "calibration_error": sure - 2 / 3})
    assert score_entities([output], [batch], ["O", "B-x"])["precision"] == pytest.approx(2 / 3)


def test_streams_go_on_where_the_last_chunk_ended() -> None:
    tokens = torch.arange(100)
    streams = Streams(tokens, rows=3, steps=8)
    order = ChunksInOrder(streams, seed=1)
    starts = []
    for epoch in range(4):
        order.set_epoch(epoch)
        chunks = [streams[start] for start in order]
        assert len(chunks) == len(order) == 3
        for chunk in chunks:
            assert torch.equal(chunk.target, chunk.input + 1)
            assert chunk.input.shape == (3, 8)
        for before, after in pairwise(chunks):
            assert torch.equal(after.input[:, 0], before.target[:, -1])
        starts.append(int(chunks[0].input[0, 0]))
    assert len(set(starts)) > 1


@pytest.mark.autograd
def test_state_is_carried_and_detached() -> None:
    need(tiny_shakespeare.SOURCE)
    experiment = read_experiment("lstm_language_model_shakespeare", fast=True)
    task = make_task(experiment.task.name, fast=True)
    model = make_model(experiment, task).eval()  # without dropout, so that two chunks can be held against one
    learner = LanguageModellingLearner(model, task, experiment)
    learner.log = lambda *_, **__: None  # type: ignore[method-assign]
    tokens = torch.randint(0, 60, (2, 21))
    halves = [Batch(tokens[:, a:b], None, tokens[:, a + 1 : b + 1]) for a, b in ((0, 10), (10, 20))]
    losses = [learner.training_step(half, k) for k, half in enumerate(halves)]
    whole = learner.loss(model(tokens[:, :20])[0], Batch(tokens[:, :20], None, tokens[:, 1:]))
    torch.testing.assert_close((losses[0] + losses[1]) / 2, whole, atol=1e-6, rtol=1e-6)
    assert learner.state is not None
    assert not any(part.requires_grad for part in learner.state)


def test_the_test_text_is_whole_and_in_order() -> None:
    need(tiny_shakespeare.SOURCE)
    task: Any = make_task("tiny_shakespeare")
    streams, blocks = task.test_batches()
    assert streams.input.shape == (8, 111_539 // 8)
    assert blocks.input.shape == (435, 256)
    for batch in (streams, blocks):
        assert torch.equal(batch.input.flatten()[:1000], task.text.test[:1000])
        assert torch.equal(batch.target.flatten()[:1000], task.text.test[1:1001])
    kept: Any = make_task("tiny_shakespeare", {"hold_out": False})
    assert len(kept.train) - len(task.train) == 55_770


@pytest.mark.parametrize(
    ("size", "options", "words"),
    [
        (40, {}, "the part to train on has 34 characters, and 128 steps need 257; give a longer text; say steps=STEPS"),
        (400, {"block": 50_000}, "the part to test has 40 characters, too few for a block of 50,000 and the one after"),
        (400, {"streams": 20}, "the part to validate has 20 characters, too few for 20 streams; give a longer text"),
    ],
)
def test_a_text_that_is_too_short_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], size: int, options: dict[str, Any], words: str
) -> None:
    path = tmp_path / "book.txt"
    path.write_text(TEXT[:size])
    with pytest.raises(DataError, match=f"book.txt: {words}"):
        make_task("plain_text", {"path": str(path), **options})
    given = [f"{name}={value}" for name, value in options.items()]
    assert train_program.main(["--data", str(path), "--kind", "text", *given, "-o", str(tmp_path / "run")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    path.write_text(TEXT)
    task = make_task("plain_text", {"path": str(path)})
    short = tmp_path / "other.txt"
    short.write_text("It was")
    with pytest.raises(DataError, match=r"other.txt: the part to test has 6 characters, too few for 8 streams"):
        type(task).restore(task.options, task.record(), str(short))


def test_streams_and_blocks_have_a_figure_each() -> None:
    tokens = torch.tensor([0, 1] * 20)
    streams, blocks = cut_rows(tokens, 2), cut_rows(tokens, 13)
    assert (streams.input.shape, blocks.input.shape) == ((2, 19), (13, 3))
    sure = torch.nn.functional.one_hot(streams.target, 2).double().log()  # no nats
    even = torch.zeros(13, 3, 2)  # log 2 of them
    task: Any = SimpleNamespace(metric="nats_per_character")
    assert CharacterPrediction.score(task, [sure, even], [streams, blocks]) == pytest.approx(
        {"nats_per_character": 0.0, "nats_in_blocks": math.log(2)}
    )
    assert CharacterPrediction.score(task, [sure], [streams]) == {"nats_per_character": 0.0}


@pytest.mark.parametrize("name", ["etth1", "etth2"])
def test_errors_of_forecasts_count_in_deviations(name: str) -> None:
    need(etth1.SOURCE)
    task: Any = make_task(name, {"horizon": 24})
    batches = task.test_batches()
    assert sum(len(batch.input) for batch in batches) == 2_880 - 24 + 1
    perfect = [batch.target for batch in batches]
    assert task.score(perfect, batches) == {"mse": 0.0, "mae": 0.0}
    off = [batch.target + 2 * task.std for batch in batches]
    assert task.score(off, batches) == pytest.approx({"mse": 4.0, "mae": 2.0}, rel=1e-5)


@pytest.mark.autograd
def test_own_text_tags_and_series(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    for part in ("train", "validation", "test"):
        (tmp_path / f"{part}.conllu").write_text(CONLLU)
    rows = "".join(f"2020-01-01 {k // 60:02}:{k % 60:02},{math.sin(k / 9):.4f},{k % 7}\n" for k in range(400))
    (tmp_path / "a.csv").write_text("date,x,y\n" + rows)
    quick = ["training.max_epochs=1", "training.accelerator=cpu", "training.batch_size=4", "training.precision=fp32"]
    conllu = [f"task.options.{part}={tmp_path / part}.conllu" for part in ("train", "validation", "test")]
    runs = {
        "lstm_language_model_shakespeare": [
            "task.name=plain_text",
            f"task.options.path={tmp_path / 'a.txt'}",
            "task.options.steps=16",
            "model.overrides.hidden_size=8",
        ],
        "lstm_tagger_ud_ewt": ["task.name=conllu", *conllu, "model.overrides.hidden_size=8"],
        "segrnn_forecaster_etth1_96": [
            "task.name=csv",
            f"task.options.path={tmp_path / 'a.csv'}",
            "task.options.look_back=24",
            "task.options.horizon=24",
            "model.overrides.hidden_size=8",
        ],
    }
    for name, overrides in runs.items():
        done = train(
            read_experiment(name, dict(map(read_override, [*quick, *overrides]))), tmp_path / name, progress=False
        )
        assert all(math.isfinite(value) for value in done.metrics["test"].values())
    for name, words in (
        ("plain_text", r"needs data; say path=FILE"),
        ("conllu", r"needs data; say train=FILE"),
        ("csv", r"needs data; say path=FILE"),
    ):
        with pytest.raises(DataError, match=words):
            make_task(name)
