"""Speech by espeak-ng: always the same, and no voice, language or word of one split in another."""

from __future__ import annotations

import itertools

import pytest
import torch

from zoo.data.espeak import Voice, speak
from zoo.data.fsdd import DIGITS, Recording
from zoo.data.source import DataError
from zoo.training.sound import conditions
from zoo.training.sound.conditions import MADE_VOICES, NO_DIGIT, worsen
from zoo.training.sound.made_speech import CASTS, OTHER, make_digits, make_others


def test_the_same_words_sound_the_same() -> None:
    texts, voices = ["seven", "7", "seven"], [Voice("en-us+f3"), Voice("de"), Voice("en-us+f3", speed=300, pitch=90)]
    once, again = speak(texts, voices, 8000), speak(texts, voices, 8000)
    for a, b in zip(once, again, strict=True):
        assert torch.equal(a, b)
        assert a.dtype is torch.float32
        assert 0.05 < float(a.abs().max()) <= 1.1
    assert len(once[2]) < 0.75 * len(once[0])  # nearly twice as fast
    assert len(speak(texts[:1], voices[:1], 16000)[0]) == pytest.approx(2 * len(once[0]), abs=2)


def test_a_voice_that_is_not_there_and_a_text_that_says_nothing_are_refused() -> None:
    with pytest.raises(DataError, match="espeak-ng has no voice 'no-such-voice'"):
        speak(["one"], [Voice("no-such-voice")], 8000)
    with pytest.raises(DataError, match="says nothing for '' with the voice 'en'"):
        speak([""], [Voice("en")], 8000)


def test_splits_share_no_voice_language_or_word() -> None:
    for a, b in itertools.combinations(CASTS.values(), 2):
        for one, other in ((a.variants, b.variants), (a.languages, b.languages), (a.words, b.words)):
            assert not set(one.split()) & set(other.split())
    assert not {word for cast in CASTS.values() for word in cast.words.split()} & set(DIGITS)


def test_made_sounds_have_their_classes() -> None:
    voices = [Recording(0.1 * torch.randn(4000), 3, "anna")]
    digits, others = make_digits("validation", 20), make_others("validation", 16, voices)
    assert [recording.digit for recording in digits] == [*range(10), *range(10)]
    assert [recording.digit for recording in others] == [OTHER] * 16
    assert {recording.speaker for recording in others[12:]} == {"white", "pink", "babble", "silence"}
    assert all(recording.samples.isfinite().all() for recording in digits + others)


@pytest.mark.parametrize(("condition", "classes"), [(MADE_VOICES, set(range(10))), (NO_DIGIT, {OTHER})])
def test_made_conditions_replace_the_recordings(
    condition: str, classes: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conditions, "MADE", 20)
    heard = worsen([Recording(torch.randn(2000), 1, "anna")], condition, "test")
    assert len(heard) == 20
    assert {recording.digit for recording in heard} == classes
