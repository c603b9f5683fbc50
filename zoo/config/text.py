"""The configurations of models that read text: words as bytes, or characters."""

from __future__ import annotations

from dataclasses import dataclass

from zoo.config.faults import names_faults, probability_faults, whole_number_faults
from zoo.config.tasks import LanguageModelConfig, TaggerConfig
from zoo.config.tensor_spec import BATCH, SEQ_LEN, TensorSpec

UNKNOWN = "\N{REPLACEMENT CHARACTER}"  # Unicode's own sign for what cannot be represented


@dataclass(frozen=True, kw_only=True)
class CharacterLanguageModelConfig(LanguageModelConfig):
    """A language model that knows its alphabet, so that it can read and write text.

    Args:
        characters: one symbol per token, in the order of the tokens. Where `UNKNOWN` is among them, it stands for
            every character that is not; otherwise such a character is refused.
    """

    characters: str = "".join(map(chr, range(128)))
    vocab_size: int | None = 128

    def faults(self) -> list[str]:
        found = super().faults()
        if not isinstance(self.characters, str):
            return [*found, f"characters must be a string, got {type(self.characters).__name__}"]
        halves = [character for character in self.characters if "\ud800" <= character <= "\udfff"]
        if halves:
            found.append(f"characters must be valid Unicode, got half of a surrogate pair, {halves[0]!a}")
        if len(set(self.characters)) != len(self.characters):
            found.append("characters must not repeat a symbol")
        if self.vocab_size != len(self.characters):
            found.append(f"vocab_size must be the {len(self.characters)} characters counted, got {self.vocab_size!r}")
        return found


@dataclass(frozen=True, kw_only=True)
class WordTaggerConfig(TaggerConfig):
    """A tagger whose input is words as rows of bytes; `input_size` is the width of the word embedding.

    Args:
        num_words: number of words that have an embedding: the words of the training text.
        word_bytes: bytes per word. The caller cuts longer words, and pads shorter ones with 0.
        character_size: width of the embedding of a byte.
        character_hidden_size: units per direction of the layer that reads the bytes of a word.
        tags: the names of the classes; empty if unknown.
        input_dropout: probability on the features that enter the stack, in training only.
        word_dropout: probability that a known word is treated as unknown, in training only.
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
        faults = names_faults("tags", self.tags)
        found += faults
        if not faults and self.tags and len(self.tags) != self.num_classes:
            found.append(f"tags must have a name for each of the {self.num_classes} classes, got {len(self.tags)}")
        if self.vocab_size is not None or self.standardize is True:
            found.append("vocab_size and standardize must be left out: words are neither tokens nor features")
        if self.conv_channels:
            found.append(f"conv_channels must be 0, got {self.conv_channels!r}: words go to the stack one by one")
        if self.batch_first is not True:
            found.append("batch_first must be True: words come as (batch, seq_len, word_bytes)")
        return found

    @property
    def input_spec(self) -> TensorSpec:
        return TensorSpec("input", "int64", (BATCH, SEQ_LEN, self.word_bytes), range=(0, 255))
