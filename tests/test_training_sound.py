"""Sounds varied and mixed: levels, ratios, ends of words; and fixed splits that stay fixed."""

import math
from typing import Any

import pytest
import torch
from support.data_sets import need

from zoo.data.fsdd import SOURCE, Recording
from zoo.training.batching import Batch
from zoo.training.learners.detection import HERE, NOT_HERE, UNSAID, collect_trials, score_trials
from zoo.training.learners.transcription import score_strings
from zoo.training.sound import effects
from zoo.training.sound.conditions import CHANGES, worsen
from zoo.training.tasks import make_task
from zoo.training.tasks.fsdd import EFFECTS, vary
from zoo.training.tasks.fsdd_detection import EARLY, HOP, LATE, mark_ends


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


VOICES = [Recording(torch.randn(900 + 50 * k, generator=generator(k)) * 0.1, k, "anna") for k in range(5)]


@pytest.mark.parametrize("kind", effects.NOISES)
def test_noise_has_its_ratio(kind: str) -> None:
    samples = VOICES[0].samples
    noise = effects.make_noise(kind, len(samples), VOICES, generator())
    assert float(effects.level(noise)) == pytest.approx(1, rel=1e-4)
    mixed = effects.add_noise(samples, noise, 6.0, effects.level(samples))
    ratio = 20 * torch.log10(effects.level(samples) / effects.level(mixed - samples))
    assert float(ratio) == pytest.approx(6, abs=0.01)
    assert torch.equal(noise, effects.make_noise(kind, len(samples), VOICES, generator()))


def test_pink_noise_falls_by_its_frequency() -> None:
    power = torch.fft.rfft(effects.make_noise("pink", 1 << 16, VOICES, generator())).abs().square()
    low, high = power[100:200].mean(), power[10_000:20_000].mean()
    assert float(low / high) == pytest.approx(100, rel=0.3)


def test_speed_and_level() -> None:
    samples = torch.sin(torch.arange(8000) / 10)
    assert len(effects.change_speed(samples, 1.25)) == 6400
    assert float(effects.level(effects.change_level(samples, -20)) / effects.level(samples)) == pytest.approx(0.1)


def test_soft_edges_of_a_string_are_those_of_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    need(SOURCE)
    task: Any = make_task("fsdd_strings", {"trim_share": 0.99}, fast=True)
    trimmed: list[int] = []
    monkeypatch.setattr(effects, "trim_edges", lambda samples, *_: trimmed.append(len(samples)) or samples)
    next(iter(task.train_batches(4, 0)))
    assert trimmed
    assert set(trimmed) <= {len(recording.samples) for recording in task.train}  # gaps make a string longer


def test_soft_edges_are_lost() -> None:
    samples = torch.cat([torch.zeros(160), torch.full((160,), 0.1), torch.ones(240), torch.full((80,), 0.01)])
    samples = torch.cat([samples, torch.ones(40)])  # half a frame
    assert torch.equal(effects.trim_edges(samples, 30.0, 80), samples[160:560])
    assert torch.equal(effects.trim_edges(samples, 15.0, 80), samples[320:560])
    assert torch.equal(effects.trim_edges(samples, 45.0, 80), samples[160:640])
    assert torch.equal(effects.trim_edges(samples[:50], 15.0, 80), samples[:50])


def test_a_microphone_changes_the_spectrum_and_not_the_level() -> None:
    noise = torch.randn(1 << 15, generator=generator())
    heard = effects.colour(noise, 12.0, 8000, generator(1))
    assert float(effects.level(heard) / effects.level(noise)) == pytest.approx(1, rel=1e-4)
    response = 10 * torch.log10(_power_of_bands(heard) / _power_of_bands(noise))
    assert 3 < float(response.max() - response.min()) < 2 * 12 * (1 + 1 / 2 + 1 / 3 + 1 / 4)
    assert float((response[1:] - response[:-1]).abs().max()) < 6
    assert torch.equal(heard, effects.colour(noise, 12.0, 8000, generator(1)))


def _power_of_bands(samples: torch.Tensor) -> torch.Tensor:
    power = torch.fft.rfft(samples).abs().square()[1:]  # (16384,)
    return power.reshape(64, 256).mean(1)[2:]


def test_joined_words_say_where_they_end() -> None:
    string = effects.join_words(VOICES[:2], [0.1, 0.05, 0.2], 8000, generator())
    assert string.words == [0, 1]
    assert string.ends == [800 + 900, 800 + 900 + 400 + 950]
    assert len(string.samples) == string.ends[-1] + 1600
    assert float(string.samples[:800].abs().max()) < 10 * effects.ROOM


def test_targets_mark_the_end_of_a_word() -> None:
    string = effects.join_words(VOICES[3:4], [0.1, 0.5], 8000, generator())
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
    options = {"hours_without": 0} if name == "fsdd_detection" else {}
    first = make_task(name, options).test_batches()
    torch.manual_seed(5)
    again = make_task(name, {**options, "speed": 0.1}).test_batches()
    for a, b in zip(first, again, strict=True):
        assert torch.equal(a.input, b.input)
        assert torch.equal(a.target, b.target)
    if name == "fsdd_strings":
        assert sum(int((batch.target >= 0).sum()) for batch in first) == rows
    else:
        assert sum(len(batch.input) for batch in first) == rows


def test_a_band_keeps_what_lies_in_it() -> None:
    time = torch.arange(8000) / 8000
    low, middle, high = (torch.sin(2 * math.pi * hertz * time) for hertz in (100.0, 1000.0, 3800.0))
    torch.testing.assert_close(effects.limit_band(low + middle + high, 300, 3400, 8000), middle, atol=2e-3, rtol=0)


def test_a_room_prolongs_a_sound_and_keeps_its_level() -> None:
    click = torch.zeros(4000)
    click[100] = 1.0
    heard = effects.reverberate(click, 0.2, 8000, generator())
    assert float(effects.level(heard) / effects.level(click)) == pytest.approx(1, rel=1e-4)
    assert heard[:100].abs().max() < 1e-6
    assert int(heard.abs().argmax()) == 100
    early, late = effects.level(heard[101:500]), effects.level(heard[1300:1700])
    assert 0 < float(late) < 0.05 * float(early)


@pytest.mark.parametrize(
    ("effect", "softest_gain", "loudest_gain"),
    [({"level": 10.0}, -10, 10), ({"level": 5.0, "softest": 40.0}, -40, 5), ({}, 0, 0)],
)
def test_levels_are_drawn_within_their_limits(effect: dict, softest_gain: float, loudest_gain: float) -> None:
    drawn = generator()
    varied = [vary(VOICES[0], VOICES, EFFECTS | effect, drawn).samples for _ in range(200)]
    gains = [20 * float(torch.log10(effects.level(samples) / effects.level(VOICES[0].samples))) for samples in varied]
    assert softest_gain - 1e-3 <= min(gains) <= softest_gain + 0.05 * (loudest_gain - softest_gain) + 1e-3
    assert loudest_gain - 0.05 * (loudest_gain - softest_gain) - 1e-3 <= max(gains) <= loudest_gain + 1e-3


def test_effects_happen_in_their_share() -> None:
    drawn = generator()
    changed = [vary(VOICES[0], VOICES, EFFECTS | {"band_share": 0.25}, drawn).samples for _ in range(400)]
    assert sum(not torch.equal(samples, VOICES[0].samples) for samples in changed) == pytest.approx(100, abs=30)


def test_a_held_speaker_is_in_no_other_part() -> None:
    need(SOURCE)
    task = make_task("fsdd", {"held_speaker": "theo"})
    assert {recording.speaker for recording in task.train} == {"george", "jackson", "lucas", "nicolas", "yweweler"}
    assert {recording.speaker for recording in task.validation + task.test} == {"theo"}
    assert [len(part) for part in (task.train, task.validation, task.test)] == [2000, 50, 450]
    with pytest.raises(ValueError, match="no speaker is called 'tim'; expected one of george, jackson"):
        make_task("fsdd", {"held_speaker": "tim"})


@pytest.mark.parametrize("condition", CHANGES)
def test_conditions_are_always_the_same_and_change_each_recording(condition: str) -> None:
    once, again = (worsen(VOICES, condition, "test") for _ in range(2))
    for before, a, b in zip(VOICES, once, again, strict=True):
        assert torch.equal(a.samples, b.samples)
        assert a.samples.shape == before.samples.shape
        assert not torch.equal(a.samples, before.samples)
        assert a.digit == before.digit


def test_an_unknown_condition_is_refused() -> None:
    with pytest.raises(ValueError, match="no condition is called 'rain'; expected one of: 40 dB softer; telephone"):
        worsen(VOICES, "rain", "test")
