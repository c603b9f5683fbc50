"""Sounds varied and mixed: levels, ratios, ends of words; and fixed splits that stay fixed."""

import pytest
import torch
from support.data_sets import need

from zoo.data.fsdd import SOURCE, Recording
from zoo.training import sound
from zoo.training.batching import Batch
from zoo.training.learners.detection import HERE, NOT_HERE, UNSAID, collect_trials, score_trials
from zoo.training.learners.transcription import score_strings
from zoo.training.tasks import make_task
from zoo.training.tasks.fsdd_detection import EARLY, HOP, LATE, mark_ends


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


VOICES = [Recording(torch.randn(900 + 50 * k, generator=generator(k)) * 0.1, k, "anna") for k in range(5)]


@pytest.mark.parametrize("kind", sound.NOISES)
def test_noise_has_its_ratio(kind: str) -> None:
    samples = VOICES[0].samples
    noise = sound.make_noise(kind, len(samples), VOICES, generator())
    assert float(sound.level(noise)) == pytest.approx(1, rel=1e-4)
    mixed = sound.add_noise(samples, noise, 6.0, sound.level(samples))
    ratio = 20 * torch.log10(sound.level(samples) / sound.level(mixed - samples))
    assert float(ratio) == pytest.approx(6, abs=0.01)
    assert torch.equal(noise, sound.make_noise(kind, len(samples), VOICES, generator()))


def test_pink_noise_falls_by_its_frequency() -> None:
    power = torch.fft.rfft(sound.make_noise("pink", 1 << 16, VOICES, generator())).abs().square()
    low, high = power[100:200].mean(), power[10_000:20_000].mean()
    assert float(low / high) == pytest.approx(100, rel=0.3)


def test_speed_and_level() -> None:
    samples = torch.sin(torch.arange(8000) / 10)
    assert len(sound.change_speed(samples, 1.25)) == 6400
    assert float(sound.level(sound.change_level(samples, -20)) / sound.level(samples)) == pytest.approx(0.1)


def test_joined_words_say_where_they_end() -> None:
    string = sound.join_words(VOICES[:2], [0.1, 0.05, 0.2], 8000, generator())
    assert string.words == [0, 1]
    assert string.ends == [800 + 900, 800 + 900 + 400 + 950]
    assert len(string.samples) == string.ends[-1] + 1600
    assert float(string.samples[:800].abs().max()) < 10 * sound.ROOM


def test_targets_mark_the_end_of_a_word() -> None:
    string = sound.join_words(VOICES[3:4], [0.1, 0.5], 8000, generator())
    target = mark_ends(string, [len(VOICES[3].samples)], 80)
    first, last = 800 // HOP, -(-string.ends[0] // HOP)
    assert set(target[:first, 3].tolist()) == {NOT_HERE}
    assert set(target[first : last - EARLY, 3].tolist()) == {UNSAID}
    assert set(target[last - EARLY : last + LATE, 3].tolist()) == {HERE}
    assert target[-1, 3] == NOT_HERE
    assert not target[:, :3].any()


def test_trials_are_the_highest_scores_of_what_is_not_padding() -> None:
    output = torch.tensor([[[1.0, -1.0], [2.0, -2.0], [9.0, 9.0]]])
    target = torch.tensor([[[0, 0], [1, 0], [-1, -1]]], dtype=torch.int8)
    batch = Batch(torch.zeros(1, 3, 80), torch.tensor([2]), target)
    scores, said = collect_trials([output], [batch])
    assert scores.tolist() == [[2.0, -1.0]]
    assert said.tolist() == [[True, False]]
    assert score_trials([output], [batch]) == {"equal_error_rate": 0.0, "area_under_roc": 1.0}


def test_strings_are_scored_label_by_label() -> None:
    best = torch.tensor([[0, 3, 3, 0, 1], [2, 0, 2, 0, 0]])
    target = torch.tensor([[2, 0], [1, -1]])
    batch = Batch(torch.zeros(2, 5, 80), torch.tensor([5, 5]), target)
    scores = score_strings([torch.nn.functional.one_hot(best, 5).float()], [batch])
    assert scores == {"error_rate": 1 / 3, "whole_strings": 0.5}


@pytest.mark.parametrize(("name", "rows"), [("fsdd_strings", 1500), ("fsdd_detection", 600)])
def test_test_splits_are_always_the_same(name: str, rows: int) -> None:
    need(SOURCE)
    first = make_task(name).test_batches()
    torch.manual_seed(5)
    again = make_task(name, {"speed": 0.1}).test_batches()
    for a, b in zip(first, again, strict=True):
        assert torch.equal(a.input, b.input)
        assert torch.equal(a.target, b.target)
    if name == "fsdd_strings":
        assert sum(int((batch.target >= 0).sum()) for batch in first) == rows
    else:
        assert sum(len(batch.input) for batch in first) == rows
