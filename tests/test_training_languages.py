"""Telling languages: snippets that are drawn and fixed, conditions, scores, names in the file, the baseline."""

import itertools
from pathlib import Path

import pytest
import torch
from support.program import Program

import zoo
from zoo.data.manual_pages import LANGUAGES, ManualPages
from zoo.training.baselines.names import learn_snippet_n_grams
from zoo.training.batching import Batch
from zoo.training.tasks import languages, make_task

CYRILLIC = dict.fromkeys(("ru", "sr", "uk"), "абвгдежзик")
LETTERS = {"ja": "ひらがなのもじでかく", "zh": "汉字写成的句子没有空", **CYRILLIC}


def write_sentences(language: str, first: int, count: int) -> list[str]:
    """Return sentences of words that no other language has, all of them different."""
    letters = LETTERS.get(language, "abcdefghij")
    place = list(LANGUAGES).index(language)
    ending = letters[place % 10] * (1 + place // 10)
    space = "" if language in ("ja", "zh") else " "
    numbers = [f"{k:0{1 + k % 5}d}" for k in range(first * 20, (first + count) * 20)]
    words = ["".join(letters[int(digit)] for digit in number) + ending for number in numbers]
    return [space.join(words[20 * k : 20 * k + 20]) for k in range(count)]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> ManualPages:
    parts = [{one: write_sentences(one, first, 4) for one in LANGUAGES} for first in (0, 4, 8)]
    pages = ManualPages(*parts)
    monkeypatch.setattr(languages, "load_manual_pages", lambda: pages)
    monkeypatch.setattr(languages, "VALIDATION_SNIPPETS", 3)
    monkeypatch.setattr(languages, "TEST_SNIPPETS", 3)
    return pages


def texts_of(batches: list[Batch]) -> list[str]:
    return [bytes(row[row > 0].tolist()).decode() for batch in batches for row in batch.input]


def test_fixed_snippets_are_balanced_and_come_size_by_size(small: ManualPages) -> None:
    task = make_task("languages")
    batches = task.test_batches()
    texts, labels = texts_of(batches), torch.cat([batch.target for batch in batches])
    assert labels.tolist() == list(range(23)) * 9
    assert texts == texts_of(make_task("languages").test_batches())
    for size, start in zip((20, 40, 60), (0, 69, 138), strict=True):
        assert all(0.75 * size <= len(text) <= size for text in texts[start : start + 69])
    for text, label in zip(texts, labels.tolist(), strict=True):
        assert any(text in sentence for sentence in small.test[list(LANGUAGES)[label]])
    assert task.record()["classes"][labels[5]] == "Finnish"
    assert len(texts_of(make_task("languages", {"condition": "20 characters"}).test_batches())) == 69


def test_conditions_change_every_snippet(small: ManualPages) -> None:
    plain = texts_of(make_task("languages").validation_batches())
    capitals = texts_of(make_task("languages", {"condition": "capitals"}).validation_batches())
    assert capitals == [text.upper() for text in plain]
    numbers = texts_of(make_task("languages", {"condition": "a number in it"}).validation_batches())
    assert all(any(character.isdigit() for character in text) for text in numbers)
    with pytest.raises(ValueError, match="no condition is called 'upside down'; there are 20 characters"):
        make_task("languages", {"condition": "upside down"})


def test_training_draws_new_snippets_of_the_training_part(small: ManualPages) -> None:
    task = make_task("languages", {"snippets": 8, "capitals": 0.5, "longest": 30})
    loader = task.train_batches(16, 0)
    torch.manual_seed(0)
    first, second = ([*itertools.chain(*(texts_of([batch]) for batch in loader))] for _ in range(2))
    assert len(first) == len(second) == 23 * 8
    assert len(set(first) & set(second)) < len(first) / 4
    known = "\n".join(sentence for part in small.train.values() for sentence in part)
    assert all(text in known or text.lower() in known for text in first)
    assert max(map(len, first)) <= 30
    latin = [text for text in first if text.lower() != text.upper()]
    assert sum(text == text.upper() for text in latin) / len(latin) == pytest.approx(0.5, abs=0.15)
    drawn = task.draw_train(5, 0)
    assert [label for _, label in drawn] == [label for label in range(23) for _ in range(5)]
    assert drawn == task.draw_train(5, 0) != task.draw_train(5, 1)


def test_scores_by_size(small: ManualPages) -> None:
    task = make_task("languages")
    batches = task.test_batches()
    target = torch.cat([batch.target for batch in batches])
    called = target.clone()
    called[:23] = 0  # of the first 69, of 20 characters, a third is called the first language: 22 are wrong
    outputs = torch.eye(23)[called].split([len(batch.target) for batch in batches])
    got = task.score(outputs, batches)
    assert [got["accuracy"], got["mean_recall"]] == pytest.approx([1 - 22 / 207] * 2)
    assert [got[f"accuracy_{size}"] for size in (20, 40, 60)] == pytest.approx([1 - 22 / 69, 1, 1])


def test_the_names_of_languages_are_in_the_file(program: Program, artifact: Path) -> None:
    zoo.save_artifact(zoo.build("cnn_lstm_classifier_languages", pretrained=True), artifact)
    training = program.succeed("info", artifact, "--json").json["manifest"]["training"]
    assert training["task"]["record"]["classes"] == list(LANGUAGES.values())


def test_the_baseline_tells_languages_of_their_own_letters(small: ManualPages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoo.training.baselines.names.SNIPPETS", 8)
    monkeypatch.setattr("zoo.training.baselines.names.SNIPPET_STRENGTHS", (10.0,))
    task = make_task("languages")
    got = learn_snippet_n_grams(task)(task)
    assert got["accuracy"] > 0.9
    assert got["accuracy_60"] > got["accuracy_20"]
