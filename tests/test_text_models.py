"""Models of text: words as bytes, and characters; the same in Python, scripted and in C++."""

import math
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from support.program import Program

import zoo
from zoo.artifact import torchscript
from zoo.config import UNKNOWN, CharacterLanguageModelConfig, ConfigError, WordTaggerConfig
from zoo.models.characters import fold_case, hash_words, spell

WORDS = ["Paris", "the", "é", "b", "c"]
SMALL_TAGGER = {"hidden_size": 20, "num_words": len(WORDS), "character_hidden_size": 12, "input_size": 10}
SMALL_LANGUAGE_MODEL = {"hidden_size": 20, "input_size": 12}


def build_tagger(**overrides: Any) -> Any:
    model: Any = zoo.build("lstm_tagger_ud_ewt", **{**SMALL_TAGGER, **overrides}).eval()
    model.words.set_vocabulary(WORDS)
    return model


def build_language_model() -> Any:
    return zoo.build("lstm_language_model_shakespeare", **SMALL_LANGUAGE_MODEL).eval()


def spell_sentence(*words: str) -> torch.Tensor:
    return spell(list(words), 32).unsqueeze(0)


def test_words_are_spelt_in_bytes_cut_and_filled_up() -> None:
    assert spell(["ab", "é", "abcd"], 3).tolist() == [[97, 98, 0], [0xC3, 0xA9, 0], [97, 98, 99]]


def test_case_is_folded_for_ascii_only() -> None:
    assert bytes(fold_case(torch.tensor(list(b"AZaz@[`{\xc3\x89"))).tolist()) == b"azaz@[`{\xc3\x89"


def test_hashes_of_many_words_differ_and_know_no_case() -> None:
    words = [f"{k:x}" for k in range(20_000)]
    hashes = hash_words(spell(words, 8))
    assert len(hashes.unique()) == len(words)
    assert hashes.min() >= 0
    assert torch.equal(hashes, hash_words(spell([word.upper() for word in words], 16)))


def test_a_hash_is_the_polynomial_that_its_comment_says() -> None:
    expected = 0
    for byte in b"weather-beaten":
        expected = (expected * 257 + byte) % (2**54 - 33)
    assert int(hash_words(spell(["Weather-beaten"], 32))) == expected


def test_known_words_have_a_row_each_and_others_share_one() -> None:
    rows = build_tagger().words.find_rows(spell_sentence("paris", "THE", "É", "é", "unheard", "", "C"))[0]
    assert (rows > 0).tolist() == [True, True, False, True, False, False, True]
    assert len(rows.unique()) == 5


def test_a_vocabulary_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match=r"num_words is 5, and the vocabulary has 2 different words of at most 32 by"):
        build_tagger().words.set_vocabulary(["a", "A", "b"])


@pytest.mark.autograd
def test_word_dropout_hides_words_in_training_only() -> None:
    model = build_tagger(word_dropout=0.5)
    words = spell_sentence(*["the"] * 1000)
    assert (model.words.find_rows(words) > 0).all()
    share = float((model.train().words.find_rows(words) > 0).float().mean())
    assert 0.4 < share < 0.6


def test_padding_and_company_do_not_change_a_word() -> None:
    model = build_tagger()
    sentences = [["the", "Paris"], ["unheard", "é", "the", "b", "x" * 40], ["c"]]
    rows = [spell(words, 32) for words in sentences]
    padded = torch.randint(0, 256, (3, 7, 32))
    for k, row in enumerate(rows):
        padded[k, : len(row)] = row
    together = model(padded, torch.tensor([len(row) for row in rows]))[0]
    for k, row in enumerate(rows):
        torch.testing.assert_close(together[k, : len(row)], model(row.unsqueeze(0))[0][0], atol=1e-6, rtol=1e-6)
        assert (together[k, len(row) :] == 0).all()


def test_what_follows_a_word_s_end_is_not_read() -> None:
    model = build_tagger()
    clean = spell_sentence("the", "unheard")
    dirty = clean.clone()
    dirty[:, :, 10:] = torch.randint(0, 256, (1, 2, 22))
    assert torch.equal(model(clean)[0], model(dirty)[0])


def test_a_streaming_tagger_gives_the_same_in_chunks() -> None:
    model = build_tagger(bidirectional=False)
    words = torch.randint(0, 256, (2, 11, 32))
    whole, final = model(words)
    state, parts = model.initial_state(2), []
    for chunk in words.split([1, 4, 6], dim=1):
        part, state = model(chunk, None, state)
        parts.append(part)
    torch.testing.assert_close(torch.cat(parts, 1), whole, atol=1e-6, rtol=1e-6)
    for a, b in zip(state, final, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-6)


def test_words_of_another_form_are_refused() -> None:
    model = build_tagger()
    with pytest.raises(ValueError, match="words must have 3 dimensions, the last of size 32"):
        model(torch.zeros(1, 2, 5, dtype=torch.int64))
    with pytest.raises(ValueError, match="words must be int64 bytes"):
        model(torch.zeros(1, 2, 32))


def test_a_tagger_is_proved_in_cpp(program: Program, artifact: Path) -> None:
    for model in (build_tagger(), zoo.quantize(build_tagger(), "dynamic_int8")):
        zoo.save_artifact(model, artifact)
        program.succeed("verify", artifact)


def test_bytes_outside_their_range_are_refused_in_cpp(program: Program, artifact: Path, tmp_path: Path) -> None:
    import numpy as np

    zoo.save_artifact(build_tagger(), artifact)
    np.save(tmp_path / "words.npy", np.full((1, 2, 32), 256))
    outcome = program(artifact, tmp_path / "words.npy")
    assert outcome.status == 65
    assert "expected a token in 0..255" in outcome.error


def test_text_becomes_tokens_and_text_again() -> None:
    model = build_language_model()
    assert model.encode("To be").tolist() == [[84, 111, 32, 98, 101]]
    assert model.decode(model.encode("To be")) == "To be"
    with pytest.raises(ValueError, match="character 2 of the text is not in the model's alphabet"):
        model.encode("caé")


def test_generated_text_is_the_same_scripted_and_in_cpp(program: Program, artifact: Path, tmp_path: Path) -> None:
    model = build_language_model()
    zoo.save_artifact(model, artifact)
    scripted = torchscript.script(model)
    for seed, temperature in ((0, 1.0), (7, 0.8), (7, 0.0)):
        text = model.generate("ROMEO:", 40, temperature, seed)
        assert len(text) == 40
        assert scripted.generate("ROMEO:", 40, temperature, seed) == text
        arguments = ["--method", "generate", "str:ROMEO:", "int:40", f"float:{temperature}", f"int:{seed}"]
        program.succeed(artifact, *arguments, "-o", tmp_path / "text.bin")
        assert (tmp_path / "text.bin").read_bytes().decode() == text
    assert model.generate("ROMEO:", 40, 1.0, 0) != model.generate("ROMEO:", 40, 1.0, 1)


ALPHABET = " aé中👍"  # one to four bytes of UTF-8


def build_polyglot(characters: str) -> Any:
    return zoo.build(
        "lstm_language_model_shakespeare", hidden_size=8, characters=characters, vocab_size=len(characters)
    )


def test_text_of_any_language_is_the_same_scripted_and_in_cpp(program: Program, artifact: Path, tmp_path: Path) -> None:
    model = build_polyglot(ALPHABET)
    zoo.save_artifact(model, artifact)
    loaded = zoo.load_artifact(artifact).module
    for kind in (model, torchscript.script(model), loaded):
        assert kind.encode("中 é👍a").tolist() == [[3, 0, 2, 4, 1]]
        assert kind.decode(torch.tensor([[3, 0, 2, 4, 1]])) == "中 é👍a"
        for unknown in ("中b", "中ß", "中文", "中🎉"):
            with pytest.raises(Exception, match="character 1 of the text is not in the model's alphabet"):
                kind.encode(unknown)
    text = model.generate("中é", 30, 1.0, 0)
    assert set(text) > {"é", "中", "👍"}
    program.succeed(
        artifact, "--method", "generate", "str:中é", "int:30", "float:1", "int:0", "-o", tmp_path / "text.bin"
    )
    assert (tmp_path / "text.bin").read_bytes().decode() == text


def test_one_token_stands_for_all_unknown_characters(artifact: Path) -> None:
    model = build_polyglot("".join(sorted("ab" + UNKNOWN)))
    zoo.save_artifact(model, artifact)
    for kind in (model, torchscript.script(model), zoo.load_artifact(artifact).module):
        assert kind.encode("aß文🎉b").tolist() == [[0, 2, 2, 2, 1]]
        assert kind.decode(torch.tensor([0, 2, 1])) == f"a{UNKNOWN}b"


def test_generation_begins_from_a_prompt() -> None:
    model = build_language_model()
    assert model.generate("a", 0, 1.0, 0) == ""
    assert model.generate("a", 9, 1e-320, 0) == model.generate("a", 9, 0.0, 0)  # scores over so little overflow
    for kind in (model, torchscript.script(model)):
        for arguments in (("", 3, 1.0, 0), ("a", -1, 1.0, 0), ("a", 3, -0.5, 0), ("a", 3, math.nan, 0)):
            with pytest.raises((ValueError, torch.jit.Error), match="generate needs a prompt of at least 1 character"):
                kind.generate(*arguments)


def test_draws_follow_the_distribution() -> None:
    model = build_language_model()
    scores = torch.tensor([0.5, 0.3, 0.2]).log()
    picks = random.Random(0)
    draws = torch.tensor([model._draw(scores, 1.0, picks.randrange(1, model.modulus)) for _ in range(3000)])
    shares = torch.bincount(draws, minlength=3) / len(draws)
    torch.testing.assert_close(shares, torch.tensor([0.5, 0.3, 0.2]), atol=0.04, rtol=0)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"characters": ["a"], "vocab_size": 1}, "characters must be a string, got list"),
        ({"characters": "a\ud83d", "vocab_size": 2}, "characters must be valid Unicode, got half of a surrogate pair"),
        ({"characters": "abca", "vocab_size": 4}, "characters must not repeat a symbol"),
        ({"characters": "abc", "vocab_size": 4}, "vocab_size must be the 3 characters counted, got 4"),
    ],
)
def test_alphabets_are_checked(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        CharacterLanguageModelConfig(**fields)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"num_words": 0}, "num_words must be a whole number >= 1, got 0"),
        ({"word_dropout": 1.0}, r"word_dropout must be in \[0, 1\), got 1.0"),
        ({"tags": ("A",), "num_classes": 2}, "tags must have a name for each of the 2 classes, got 1"),
        ({"vocab_size": 5}, "vocab_size and standardize must be left out: words"),
        ({"batch_first": False}, "batch_first must be True"),
    ],
)
def test_word_taggers_configurations_are_checked(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        WordTaggerConfig(**fields)
