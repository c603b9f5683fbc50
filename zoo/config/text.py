"""Configurations of the models that read text: words as bytes, or characters."""

from __future__ import annotations

from dataclasses import dataclass

from zoo.config.faults import probability_faults, whole_number_faults
from zoo.config.tasks import LanguageModelConfig, TaggerConfig


@dataclass(frozen=True, kw_only=True)
class CharacterLanguageModelConfig(LanguageModelConfig):
    """A language model that knows its alphabet, and so can take and give text.

    Args:
        characters: one symbol per token, in the order of the tokens. ASCII only: a TorchScript string in C++ is a
            row of bytes.
    """

    characters: str = "".join(map(chr, range(128)))
    vocab_size: int | None = 128

    def faults(self) -> list[str]:
        found = super().faults()
        if not isinstance(self.characters, str) or not self.characters.isascii():
            return [*found, f"characters must be a string of ASCII symbols, got {self.characters!r}"]
        if len(set(self.characters)) != len(self.characters):
            found.append("characters must not repeat a symbol")
        if self.vocab_size != len(self.characters):
            found.append(f"vocab_size must be the {len(self.characters)} characters counted, got {self.vocab_size!r}")
        return found


@dataclass(frozen=True, kw_only=True)
class WordTaggerConfig(TaggerConfig):
    """A tagger of words that come as rows of bytes; `input_size` is the width of the word embedding.

    Args:
        num_words: words with an embedding of their own, those of the training text.
        word_bytes: bytes of a word that are read; the caller cuts longer ones and pads shorter ones with 0.
        character_size: width of a byte's embedding.
        character_hidden_size: units per direction of the layer that reads a word's bytes.
        tags: what each class is called; empty where nobody said.
        input_dropout: probability on the features that enter the stack, in training only.
        word_dropout: probability that a known word is taken for an unknown one, in training only.
    """

    num_words: int = 1000
    word_bytes: int = 32
    character_size: int = 32
    character_hidden_size: int = 64
    tags: tuple[str, ...] = ()
    input_dropout: float = 0.0
    word_dropout: float = 0.0

    def faults(self) -> list[str]:
        found = super().faults()
        for name in ("num_words", "word_bytes", "character_size", "character_hidden_size"):
            found += whole_number_faults(name, getattr(self, name), 1)
        found += probability_faults("input_dropout", self.input_dropout)
        found += probability_faults("word_dropout", self.word_dropout)
        if self.tags and len(self.tags) != self.num_classes:
            found.append(f"tags must name each of the {self.num_classes} classes, got {len(self.tags)}")
        if self.vocab_size is not None or self.standardize is True:
            found.append("vocab_size and standardize do not go with words, which are neither tokens nor features")
        if self.batch_first is not True:
            found.append("batch_first must be True: words come as (batch, seq_len, word_bytes)")
        return found
