"""The simple methods find what they should in data of which the answer is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from zoo.data.conllu import TaggedCorpus, TaggedSentence
from zoo.data.fsdd import Recording
from zoo.data.windows import cut_windows
from zoo.training.baselines import BASELINES, learn_baselines
from zoo.training.baselines.characters import score_n_grams
from zoo.training.baselines.classes import learn_classes
from zoo.training.baselines.forecasting import score_last_value, score_ridge, score_same_hour
from zoo.training.baselines.names import learn_character_n_grams
from zoo.training.baselines.pauses import find_words, score_pauses
from zoo.training.baselines.pronunciation import align, score_letters
from zoo.training.baselines.sequences import learn_statistics, score_nearest_neighbour
from zoo.training.baselines.sound_windows import score_keyword_windows, score_label_windows
from zoo.training.baselines.tagging import learn_frequent_tags, learn_perceptron
from zoo.training.batching import Batch, pad_sequences, split_batches
from zoo.training.learners.classification import score_classes
from zoo.training.learners.detection import score_trials
from zoo.training.learners.seq2seq import score_pronunciations
from zoo.training.learners.tagging import score_words
from zoo.training.learners.transcription import NO_LABEL, score_strings
from zoo.training.tasks import TASKS
from zoo.training.tasks.byte_texts import collate_texts
from zoo.training.tasks.cmudict import collate_words
from zoo.training.tasks.forecasting import SeriesForecasting
from zoo.training.tasks.tagging import OPTIONS, WordTagging


class Series(SeriesForecasting):
    """A series that the test gives."""

    def __init__(self, values: Tensor, look_back: int) -> None:
        self.options = {"look_back": look_back, "horizon": 24, "loss": "mse"}
        rows = len(values)
        self.set_series(values, (rows // 2, rows * 3 // 4, rows), fast=False)


def classes_task(train: list[Any], test: list[Any], collate: Any, num_classes: int = 2) -> Any:
    return SimpleNamespace(
        train=train,
        std=torch.ones(1),
        validation_batches=lambda: split_batches(train, collate, 2),
        test_batches=lambda: split_batches(test, collate, len(test)),
        model_overrides=lambda: {"num_classes": num_classes},
        score=score_classes,
    )


def collate_series(examples: Sequence[tuple[Tensor, int]]) -> Batch:
    lengths = torch.tensor([len(series) for series, _ in examples])
    padded = torch.nn.utils.rnn.pad_sequence([series for series, _ in examples], batch_first=True, padding_value=99.0)
    return Batch(padded, lengths, torch.tensor([label for _, label in examples]))


def test_every_row_names_a_task() -> None:
    assert set(BASELINES) <= set(TASKS)


def test_a_series_that_repeats_itself_each_day() -> None:
    task = Series(torch.randn(24, 2).repeat(40, 1), 72)
    assert score_same_hour(task)["mse"] < 1e-10
    assert score_last_value(task)["mse"] > 0.5


def test_the_last_value_of_a_random_walk_is_off_by_its_steps() -> None:
    # After k steps of variance 1 the expected square is k: (1 + ... + 24) / 24 = 12.5, in units of the deviation.
    torch.manual_seed(0)
    values = torch.randn(20_000, 1).cumsum(0)
    task = Series(values, 24)
    task.std = torch.ones(1)
    assert score_last_value(task)["mse"] == pytest.approx(12.5, rel=0.1)


def test_ridge_finds_a_linear_recurrence() -> None:
    steps = torch.arange(800, dtype=torch.float64)
    values = torch.stack([torch.sin(0.3 * steps) + torch.cos(0.11 * steps), torch.sin(0.3 * steps)], 1).float()
    task = Series(values, 48)
    assert score_ridge(task)["mse"] < 0.02 < score_last_value(task)["mse"]
    assert len(task.test) == len(cut_windows(values, 600, 800, 48, 24))


def test_time_warping_sees_a_stretched_series_as_the_same() -> None:
    rise, fall = torch.linspace(0, 1, 9).unsqueeze(1), torch.linspace(1, 0, 9).unsqueeze(1)
    stretched = [(series.repeat_interleave(3, 0), k) for k, series in enumerate((rise, fall))]
    task = classes_task([(rise, 0), (fall, 1)], stretched, collate_series)
    assert score_nearest_neighbour(task)["accuracy"] == 1.0


def test_statistics_tell_means_apart_and_see_no_padding() -> None:
    torch.manual_seed(0)

    def draw(label: int, length: int) -> tuple[Tensor, int]:
        return torch.randn(length, 1) + 3 * label, label

    train, test = ([draw(k % 2, length + k) for k in range(40)] for length in (10, 25))
    task = classes_task(train, test, collate_series)
    assert learn_statistics(task)(task)["accuracy"] == 1.0


def test_names_by_their_characters() -> None:
    train = [("Kowalski", 0), ("Nowakowski", 0), ("Wisniewski", 0), ("Rossini", 1), ("Bellini", 1), ("Puccini", 1)]
    task = classes_task(train, [("Lewandowski", 0), ("Müllerini", 1)], collate_texts)
    assert learn_character_n_grams(task)(task)["accuracy"] == 1.0


def test_validation_chooses_the_strength() -> None:
    class Fixed:
        classes_ = (0, 1)

        def __init__(self, strength: float) -> None:
            self.strength = strength

        def fit(self, features: Any, labels: Any) -> Fixed:
            return self

        def predict_proba(self, features: Any) -> Any:
            right = 0.9 if self.strength == 2 else 0.1
            return torch.tensor([[1 - right, right]]).repeat(len(features), 1).double().numpy()

    examples = [(torch.zeros(3, 1), 1)] * 4
    task = classes_task(examples, examples, collate_series)
    train = [Batch(torch.zeros(1, 3, 1), None, torch.tensor([1]))]
    score = learn_classes(Fixed, (1, 2, 3), lambda batches: [0] * sum(len(b.target) for b in batches), train)
    scores = score(task)
    assert scores == pytest.approx({"accuracy": 1.0, "nll": -math.log(0.9), "calibration_error": 0.1})


class Sentences(WordTagging):
    """A corpus that the test gives."""

    metric = "accuracy"

    def __init__(self, train: list[TaggedSentence], test: list[TaggedSentence], condition: str = "") -> None:
        self.options = OPTIONS | {"min_count": 1, "word_bytes": 8, "condition": condition}
        self.set_corpus(TaggedCorpus(train, test, test), fast=False)

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        return score_words(outputs, batches)


def test_tags_by_word_and_by_context() -> None:
    train = [
        TaggedSentence(["the", "duck", "swims"], ["DET", "NOUN", "VERB"]),
        TaggedSentence(["they", "duck"], ["PRON", "VERB"]),
        TaggedSentence(["the", "duck"], ["DET", "NOUN"]),
        TaggedSentence(["ducks"], ["NOUN"]),
    ] * 20
    # Of another order than that of length, and "unknown" has the most frequent tag, NOUN.
    test = [TaggedSentence(["the", "unknown", "swims"], ["DET", "NOUN", "VERB"]), *train[1:2]]
    task = Sentences(train, test)
    assert learn_frequent_tags(task)(task)["accuracy"] == pytest.approx(4 / 5)  # "duck" is a NOUN more often
    assert learn_perceptron(task)(task)["accuracy"] == 1.0


def test_simple_taggers_learn_once_and_read_the_test_in_its_condition(monkeypatch: pytest.MonkeyPatch) -> None:
    # "It" and "IT" are two words for the perceptron; the most frequent tag does not see the case.
    train = [TaggedSentence(["It", "runs"], ["PRON", "VERB"]), TaggedSentence(["IT", "runs"], ["NOUN", "VERB"])] * 20
    test = [TaggedSentence(["It", "runs"], ["PRON", "VERB"])]
    methods = learn_baselines("ud_english_ewt", Sentences(train, test))
    monkeypatch.setattr("zoo.training.baselines.tagging.PerceptronTagger", None)  # nothing learns any more
    found = {name: [score(Sentences(train, test, condition))["accuracy"] for condition in ("", "capitals")]
             for name, score in methods.items()}  # fmt: skip
    assert found == {"most frequent tag": [1.0, 1.0], "averaged perceptron": [1.0, 0.5]}


def test_n_grams_of_a_text_without_surprises() -> None:
    tokens = torch.tensor([0, 1, 2] * 100)
    text = SimpleNamespace(characters="abc", test=tokens[:60])
    figure = score_n_grams(SimpleNamespace(train=tokens, text=text))["nats_per_character"]
    assert 0 < figure < 0.05
    flat = torch.randint(3, (3000,), generator=torch.Generator().manual_seed(0))
    text = SimpleNamespace(characters="abc", test=flat[2000:])
    assert score_n_grams(SimpleNamespace(train=flat[:2000], text=text))["nats_per_character"] >= math.log(3)


def test_letters_are_aligned_by_the_cheapest_way() -> None:
    costs = {("x", ("K", "S")): 0.1, ("a", ("A",)): 0.1, ("e", ()): 0.1, ("e", ("E",)): 0.3}
    assert align("axe", ("A", "K", "S"), costs) == [("A",), ("K", "S"), ()]
    assert align("a", ("A", "K", "S"), costs) == []  # more phonemes than two a letter


def test_spelling_by_letters_in_context() -> None:
    phonemes = ("A", "E", "K", "S", "Z")
    # An s between vowels is Z, elsewhere S.
    train = {"kas": ["KAS"], "ask": ["ASK"], "kasa": ["KAZA"], "asak": ["AZAK"], "sakse": ["SAKSE"], "esek": ["EZEK"]}
    test = {"sak": ["SAK"], "kasak": ["KAZAK"], "esk": ["ESK"]}
    label_of = {phoneme: k for k, phoneme in enumerate(phonemes)}
    batches = [collate_words([(word, [tuple(p) for p in found]) for word, found in test.items()], label_of)]
    task = SimpleNamespace(
        train=[(word, [tuple(p) for p in found]) for word, found in train.items()] * 3,
        label_of=label_of,
        metric="word_error_rate",
        validation_batches=lambda: batches,
        test_batches=lambda: batches,
        score=lambda outputs, batches: score_pronunciations(outputs, batches, phonemes),
    )
    assert score_letters(task)["word_error_rate"] == 0


WORD_STEPS, GAP_STEPS = 30, 40


def sing(words: Sequence[int], generator: torch.Generator) -> Tensor:
    """Return (T, 80) samples: a tone for each word, on soft noise, with silence before each and after the last."""
    times = torch.arange(WORD_STEPS * 80) / 8000
    parts = [torch.zeros(GAP_STEPS * 80)]
    for word in words:
        parts += [0.1 * torch.sin(2 * math.pi * (600 + 900 * word) * times), torch.zeros(GAP_STEPS * 80)]
    samples = torch.cat(parts)
    return (samples + 1e-3 * torch.randn(len(samples), generator=generator)).view(-1, 80)


def sung_task(make_target: Any, score: Any, metric: str) -> Any:
    """Return a task of streams of two or three tones of three; `make_target` gives the targets (T, ...) of words."""
    generator = torch.Generator().manual_seed(0)
    strings = [[0, 1, 2], [2, 1, 0], [1, 2], [0, 0, 1], [2, 0], [1, 1, 2], [0, 2, 1], [2, 2]]
    streams = [(sing(words, generator), words) for words in strings]

    def collate(some: Sequence[tuple[Tensor, list[int]]]) -> Batch:
        input, lengths = pad_sequences([samples for samples, _ in some])
        target, _ = pad_sequences([make_target(len(samples), words) for samples, words in some], -1)
        return Batch(input, lengths, target)

    single = [(sing([word], generator)[GAP_STEPS:-GAP_STEPS], word) for word in (0, 1, 2) for _ in range(3)]
    return SimpleNamespace(
        train=[Recording(samples.flatten(), word, "") for samples, word in single],
        train_batches=lambda size, seed: split_batches(streams, collate, size),
        validation_batches=lambda: split_batches(streams, collate, 4),
        test_batches=lambda: split_batches(streams[::-1], collate, 3),
        score=score,
        metric=metric,
    )


def ends_of(words: Sequence[int]) -> list[int]:
    return [(k + 1) * (GAP_STEPS + WORD_STEPS) for k in range(len(words))]


def string_target(steps: int, words: Sequence[int]) -> Tensor:
    target = torch.full([steps], NO_LABEL)
    target[ends_of(words)] = torch.tensor(words)
    return target


def keyword_target(steps: int, words: Sequence[int]) -> Tensor:
    target = torch.zeros(steps, 10, dtype=torch.int8)
    for word, end in zip(words, ends_of(words), strict=True):
        target[end - 5 : end + 20, word] = 1
    return target


def test_strings_without_a_net(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoo.training.baselines.sound_windows.STREAMS", 24)
    task = sung_task(string_target, score_strings, "error_rate")
    assert score_pauses(task)["error_rate"] == 0
    assert score_label_windows(task)["error_rate"] < 0.1


def test_keywords_without_a_net(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoo.training.baselines.sound_windows.STREAMS", 24)
    task = sung_task(keyword_target, score_trials, "equal_error_rate")
    assert score_keyword_windows(task)["equal_error_rate"] < 0.05


def test_words_are_what_lies_between_pauses() -> None:
    samples = torch.full((60, 80), 1e-4)
    samples[5:20] = samples[22:40] = 0.1
    samples[50:53] = 0.1  # too short
    assert find_words(samples, fall=30.0, pause=2) == [(5, 20), (22, 40)]
    assert find_words(samples, fall=30.0, pause=3) == [(5, 40)]
    assert find_words(samples, fall=90.0, pause=3) == [(0, 60)]
