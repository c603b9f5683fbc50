"""Who speaks when: labels by the rule, noises of their kinds, splits that share nobody, and a score by hand."""

from __future__ import annotations

import importlib.util
import itertools
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from support.data_sets import need
from torch import Tensor

from zoo.data.fsdd import SOURCE
from zoo.training.baselines.speech_activity import (
    delay_answers,
    measure_energy,
    open_silero,
    score_energy,
    score_silero,
)
from zoo.training.batching import Batch
from zoo.training.learners.detection import HERE, NOT_HERE, UNSAID, score_steps
from zoo.training.sound import activity, effects, noises
from zoo.training.sound.activity import mark_speech, place_recordings
from zoo.training.tasks import make_task, speech_activity
from zoo.training.tasks.speech_activity import (
    CLEAN,
    CONDITIONS,
    HELD,
    HELD_OUT,
    HOPS,
    SPEAKERS,
    Scene,
    change_scene,
    delay_targets,
)

RATE, HOP = 8000, HOPS[8000]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def frames(*levels: float) -> Tensor:
    """Return frames of constant samples at levels in dB; -inf is silence."""
    return torch.cat([torch.full((HOP,), 10.0 ** (level / 20)) for level in levels])


SILENT = -torch.inf


@pytest.mark.parametrize(
    ("levels", "speech"),
    [
        ([SILENT, 0, SILENT, SILENT], [0, 1, 1, 0]),  # the hangover is one frame
        ([0, -29, -31, SILENT], [1, 1, 1, 0]),  # -29 dB counts, -31 dB only as hangover
        ([-31, 0, SILENT, SILENT], [0, 1, 1, 0]),
        ([0, *[SILENT] * 6, -10, SILENT, SILENT], [1] * 9 + [0]),  # 0.19 s are bridged
        ([0, *[SILENT] * 7, -10, SILENT, SILENT], [1, *[0] * 7, 1, 1, 0]),  # 0.22 s are not
        ([SILENT] * 3, [0] * 3),
    ],
)
def test_frames_count_by_the_rule(levels: list[float], speech: list[int]) -> None:
    assert mark_speech(frames(*levels), HOP, RATE).int().tolist() == speech


def test_recordings_lie_where_the_marks_say() -> None:
    words = [torch.randn(1500 + 400 * k, generator=generator(k)) for k in range(3)]
    voices = place_recordings(words, 200 * HOP, HOP, RATE, generator())
    assert 0.2 < float(voices.speech.float().mean()) < 0.8
    loud = voices.samples.reshape(-1, HOP).square().mean(1).sqrt() > 0.3
    assert not bool((loud & ~voices.speech).any())
    edges = voices.speech.int().diff(prepend=torch.zeros(1)).clamp(min=0).sum()
    assert int((voices.speech & ~loud).sum()) <= 4 * int(edges)  # the hangover, and frames of which a part has the word
    faster = place_recordings(words, 200 * HOP, HOP, RATE, generator(), speed=0.2)
    assert not torch.equal(voices.samples, faster.samples)


@pytest.mark.parametrize("kind", [*noises.TRAINED, *noises.UNSEEN])
def test_a_noise_has_level_one_and_is_drawn(kind: str) -> None:
    one, again, other = (noises.make_sound(kind, 40 * HOP, RATE, generator(seed)) for seed in (1, 1, 2))
    assert one.dtype is torch.float32
    assert one.isfinite().all()
    assert float(effects.level(one)) == pytest.approx(1, rel=1e-4)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_kinds_of_noise_are_what_they_are_called() -> None:
    """Music has its power in few frequencies, and impulses have theirs in few moments."""
    size = 128 * HOP
    crest = {}
    peaks = {}
    for kind in (*noises.TRAINED, *noises.UNSEEN):
        clip = noises.make_sound(kind, size, RATE, generator(3))
        spectrum = torch.fft.rfft(clip[: 32 * HOP]).abs().square().sort(descending=True).values
        peaks[kind] = float(spectrum[: len(spectrum) // 50].sum() / spectrum.sum())
        energy = clip.reshape(-1, 32).square().sum(1).sort(descending=True).values
        crest[kind] = float(energy[: len(energy) // 20].sum() / energy.sum())
    assert min(peaks[kind] for kind in ("chords", "melody", "hum")) > 0.6 > 0.3 > peaks["white"]
    assert min(crest[kind] for kind in ("knocks", "clicks")) > 0.4 > 0.2 > crest["white"]


def test_a_bank_gives_pieces_of_its_kinds() -> None:
    bank = noises.make_bank(["hum"], 2, 20 * HOP, RATE, generator())
    piece = bank.draw(5 * HOP, generator(1))
    assert len(piece) == 5 * HOP
    assert float(effects.level(piece)) == pytest.approx(1, rel=1e-4)
    ratios = [clip.unfold(0, 5 * HOP, 1) / piece for clip in bank.clips["hum"]]
    assert min(float(ratio.std(1).min()) for ratio in ratios) < 1e-3  # one of the clips, but for its level


def test_splits_share_no_speaker_and_training_lacks_kinds() -> None:
    for one, other in itertools.combinations(SPEAKERS.values(), 2):
        assert not set(one) & set(other)
    assert not set(noises.TRAINED) & set(noises.UNSEEN)


def test_held_out_streams_are_always_the_same() -> None:
    need(SOURCE)
    first = make_task("speech_activity", fast=True)
    torch.manual_seed(5)
    again = make_task("speech_activity", {"speed": 0.3, "ratio": [-5.0, 0.0], "room_share": 0.9}, fast=True)
    for split in ("validation_batches", "test_batches"):
        for a, b in zip(getattr(first, split)(), getattr(again, split)(), strict=True):
            assert torch.equal(a.input, b.input)
            assert torch.equal(a.target, b.target)
    train: Any = first
    assert set(train.train.noises.clips) == set(noises.TRAINED)
    assert {len(batch.input) for batch in first.train_batches(8, 0)} == {8}


@pytest.fixture(scope="module")
def scene() -> Scene:
    voices = [[torch.randn(3000, generator=generator(k))] for k in range(2)]
    bank = noises.make_bank((*noises.TRAINED, *noises.UNSEEN), 1, 140 * HOP, RATE, generator())
    return Scene(voices, bank, 30, HELD)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_changes_what_it_says(condition: str, scene: Scene) -> None:
    changed = change_scene(scene, condition)
    stream = speech_activity.make_stream(changed, generator())
    assert stream.steps.shape == (30, HOP)
    assert stream.steps.abs().max() <= 1
    if condition in noises.TRAINED or condition in noises.UNSEEN:
        assert list(changed.noises.clips) == [condition]
    elif condition == HELD_OUT:
        assert list(changed.noises.clips) == list(noises.UNSEEN)
    elif condition == CLEAN:
        assert changed.clean_share == 1
    elif condition in speech_activity.RATIOS:
        assert changed.options["ratio"][0] == changed.options["ratio"][1] == float(condition.removesuffix(" dB"))


def test_a_stream_has_the_ratio_of_its_condition(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech_activity, "SILENT_SHARE", 0.0)
    monkeypatch.setattr(activity, "WORD_LEVEL", 0.0)
    changed = replace(change_scene(change_scene(scene, "10 dB"), "white"), steps=120)
    assert changed.options["ratio"] == [10.0, 10.0]
    ratios = []
    for seed in range(20):
        stream = speech_activity.make_stream(changed, generator(seed))
        power = stream.steps.square().mean(1)
        full = power[stream.target[:, 0] == HERE].median()  # at the ends of words a part of the frame has them
        ratios.append(float(full / power[stream.target[:, 0] == NOT_HERE].median()))
    assert 10 * float(torch.tensor(ratios).median().log10()) == pytest.approx(10.4, abs=0.7)  # voice and noise to noise


def test_noise_changes_no_label(scene: Scene) -> None:
    longer = replace(scene, steps=120)
    for seed in range(5):
        clean, noisy = (
            speech_activity.make_stream(change_scene(longer, name), generator(seed)) for name in (CLEAN, "0 dB")
        )
        assert torch.equal(clean.target, noisy.target)
        assert not torch.equal(clean.steps, noisy.steps)


def test_no_such_condition_is_refused() -> None:
    need(SOURCE)
    with pytest.raises(ValueError, match="no condition is called 'rain'; expected one of: no noise; 20 dB"):
        make_task("speech_activity", {"condition": "rain"}, fast=True)


def test_steps_are_scored_by_hand() -> None:
    output = torch.tensor([[2.0, -1.0, 0.5, -3.0, 9.0]]).unsqueeze(2)
    target = torch.tensor([[HERE, HERE, NOT_HERE, NOT_HERE, UNSAID]], dtype=torch.int8).unsqueeze(2)
    scores = score_steps([output], [Batch(torch.zeros(1, 5, HOP), torch.tensor([4]), target)])
    # Of the four pairs of a step with speech and one without, only -1 against 0.5 is in the wrong order.
    assert scores["area_under_roc"] == 0.75
    assert (scores["misses"], scores["false_alarms"]) == (0.5, 0.5)
    sure = torch.sigmoid(output.flatten()[:4])
    off = [sure[0] - 1, 1 - sure[1], sure[2], 1 - sure[3] - 1]  # all four in bins of their own
    assert scores["calibration_error"] == pytest.approx(float(sum(map(abs, off)) / 4), abs=1e-6)


def energy_task(rows: int) -> Any:
    """Bursts 20 dB over white noise whose level differs from stream to stream."""

    def batches(seed: int) -> list[Batch]:
        drawn = generator(seed)
        target = (torch.rand(rows, 24, 1, generator=drawn) < 0.15).repeat_interleave(10, dim=1).to(torch.int8)
        floor = 10 ** (-2 * torch.rand(rows, 1, 1, generator=drawn))
        input = floor * torch.randn(rows, 240, HOP, generator=drawn) * (1 + 9 * target)
        return [Batch(input, torch.full((rows,), 240), target)]

    return SimpleNamespace(
        metric="area_under_roc",
        validation_batches=lambda: batches(1),
        test_batches=lambda: batches(2),
        score=score_steps,
    )


def test_energy_over_the_floor_finds_bursts_at_any_level() -> None:
    figures = score_energy(energy_task(20))
    assert figures["area_under_roc"] > 0.96
    assert max(figures["misses"], figures["false_alarms"]) < 0.15
    task = energy_task(20)
    (batch,) = task.test_batches()
    plain = 10 * batch.input.square().mean(2, keepdim=True).log10()
    assert score_steps([plain], [batch])["area_under_roc"] < 0.9


def test_the_floor_is_the_least_energy_of_the_last_steps() -> None:
    steps = frames(-20, -40, -20, -20, -10).reshape(1, 5, HOP)
    over = measure_energy(steps, floor_steps=3, mean_steps=1)
    torch.testing.assert_close(over.flatten(), torch.tensor([0.0, 0, 20, 20, 10]), atol=1e-4, rtol=0)
    over = measure_energy(steps, floor_steps=1, mean_steps=2)
    assert not over.any()


def test_answers_may_come_late() -> None:
    answers = torch.arange(4.0).reshape(1, 4, 1)
    assert delay_answers(answers, 1).flatten().tolist() == [1, 2, 3, 3]
    assert delay_answers(answers, -1).flatten().tolist() == [0, 0, 1, 2]


def test_a_task_with_a_delay_asks_for_the_step_before() -> None:
    target = torch.tensor([1, 0, UNSAID, 1], dtype=torch.int8).reshape(1, 4, 1)
    batch = Batch(torch.zeros(1, 4, HOP), torch.tensor([4]), target)
    assert delay_targets(batch, 1).target.flatten().tolist() == [UNSAID, 1, 0, UNSAID]
    assert torch.equal(delay_targets(batch, 0).target, target)


def test_streams_at_16_khz_hold_what_8_khz_cannot() -> None:
    """Voices of espeak-ng and noises reach above 4 kHz; recordings of FSDD do not."""
    need(SOURCE)
    task: Any = make_task("speech_activity", {"sample_rate": 16000}, fast=True)
    assert task.model_overrides() == {"input_size": 512, "sample_rate": 16000, "num_classes": 1}
    (batch,) = task.validation_batches()
    assert batch.input.size(2) == 512
    scene = speech_activity.make_held_scene("validation", 16000, fast=True)
    real, made = (_share_above_4_khz(torch.cat(group)) for group in scene.voices)
    assert made > 0.01 > 1e-3 > real
    assert _share_above_4_khz(scene.noises.clips["white"][0]) == pytest.approx(0.5, abs=0.05)
    assert 0.3 < float(batch.target.eq(HERE).double().mean()) < 0.7


def _share_above_4_khz(samples: Tensor) -> float:
    power = torch.fft.rfft(samples).abs().square()
    return float(power[len(power) // 2 :].sum() / power.sum())


def test_another_rate_is_refused() -> None:
    need(SOURCE)
    with pytest.raises(ValueError, match="sample_rate must be one of 8000, 16000 Hz; got 44100"):
        make_task("speech_activity", {"sample_rate": 44100}, fast=True)


@pytest.mark.parametrize("rate", HOPS)
def test_a_detector_of_others_hears_the_same(rate: int) -> None:
    if importlib.util.find_spec("silero_vad") is None:
        pytest.skip("silero-vad is not installed: pip install 'recurrent-zoo[train,compare]'")
    need(SOURCE)
    task = make_task("speech_activity", {"condition": CLEAN, "sample_rate": rate}, fast=True)
    assert score_silero(task)["area_under_roc"] > 0.9


def test_a_detector_of_others_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'recurrent-zoo\[train,compare\]'"):
        open_silero()
