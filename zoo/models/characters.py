"""Words as rows of bytes: an embedding for known words, and a recurrent layer over the bytes of every word.

A word is given as its UTF-8 bytes, followed by 0, so that a C++ program needs no vocabulary. A sorted buffer of hashes,
saved with the weights, tells which words have an embedding.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from zoo.config import RecurrentConfig, WordTaggerConfig
from zoo.errors import ArgumentError
from zoo.models.recurrent import LSTMStack

BYTES = 256
# hash = (hash * BASE + byte) mod PRIME. The product stays below 2^63, and the chance that any two of 10,000 words
# collide is about 1e-8.
BASE, PRIME = 257, 2**54 - 33


def spell(words: list[str], word_bytes: int) -> Tensor:
    """Return words as (words, word_bytes) int64: UTF-8 bytes, cut to fit, padded with 0."""
    codes = b"".join(word.encode()[:word_bytes].ljust(word_bytes, b"\0") for word in words)
    return torch.tensor(list(codes), dtype=torch.int64).view(len(words), word_bytes)


def fold_case(bytes: Tensor) -> Tensor:
    """Turn A..Z into a..z and leave every other byte."""
    return bytes + 32 * ((bytes >= 65) & (bytes <= 90)).to(bytes.dtype)


def hash_words(bytes: Tensor, base: int = BASE, prime: int = PRIME) -> Tensor:
    """Return a number below 2^54 for each word of (..., word_bytes), without regard to case; 0 ends a word."""
    folded = fold_case(bytes)
    hashes = torch.zeros_like(folded[..., 0])
    for k in range(folded.size(-1)):
        byte = folded[..., k]
        hashes = torch.where(byte > 0, (hashes * base + byte).remainder(prime), hashes)
    return hashes


class WordFeatures(nn.Module):
    """Gives (B, T, input_size + 2 * character_hidden_size): the embedding of a word, and features of its bytes."""

    def __init__(self, config: WordTaggerConfig) -> None:
        super().__init__()
        self.embedding = nn.Embedding(config.num_words + 1, config.input_size)  # row 0: unknown
        self.hashes: Tensor  # sorted
        self.register_buffer("hashes", torch.arange(config.num_words))
        self.character_embedding = nn.Embedding(BYTES, config.character_size)
        self.characters = LSTMStack(
            RecurrentConfig(
                cell="lstm",
                input_size=config.character_size,
                hidden_size=config.character_hidden_size,
                bidirectional=True,
            )
        )
        self.word_bytes = config.word_bytes
        self.word_dropout = config.word_dropout
        self.output_size = config.input_size + 2 * config.character_hidden_size

    def forward(self, input: Tensor) -> Tensor:
        # Every byte after the first 0 is padding.
        bytes = input * (input > 0).long().cumprod(2)
        sizes = (bytes > 0).sum(2)  # (B, T)
        bytes = bytes[:, :, : max(1, int(sizes.max()))]
        known = self.embedding(self.find_rows(bytes))  # (B, T, I)
        letters = self.character_embedding(bytes.flatten(0, 1))  # (B * T, W, C)
        start = self.characters.zero_state(letters.size(0), letters)
        _, state = self.characters(letters, sizes.flatten(), start)
        seen = self.characters.final(state).unflatten(0, [input.size(0), input.size(1)])  # (B, T, 2 * character H)
        return torch.cat([known, seen], dim=2)

    def find_rows(self, bytes: Tensor) -> Tensor:
        """Return each word's row of the embedding (B, T), or 0 for an unknown word."""
        hashes = hash_words(bytes)
        place = torch.searchsorted(self.hashes, hashes).clamp(max=self.hashes.size(0) - 1)
        rows = torch.where(self.hashes[place] == hashes, place + 1, 0)
        if self.training and self.word_dropout > 0.0:
            rows = rows * (torch.rand(rows.shape, device=rows.device) >= self.word_dropout).to(rows.dtype)
        return rows

    @torch.jit.unused
    def set_vocabulary(self, words: Iterable[str]) -> None:
        """Set which words have an embedding; case does not matter.

        Raises:
            ArgumentError: `words` is a text, or the number of different words is not the configuration's `num_words`.
        """
        if isinstance(words, str):
            raise ArgumentError(f"words must be a list of words, got the text {words[:40]!r}")
        hashes = hash_words(spell(sorted(set(words)), self.word_bytes)).unique()
        if hashes.shape != self.hashes.shape:
            raise ArgumentError(
                f"num_words is {len(self.hashes)}, and the vocabulary has {len(hashes)} different words of at most "
                f"{self.word_bytes} bytes (case does not count); make them agree"
            )
        self.hashes.copy_(hashes)
