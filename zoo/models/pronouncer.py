"""Grapheme to phoneme: how a word is pronounced, by its spelling alone."""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

from zoo.config import PronouncerConfig
from zoo.models.characters import fold_case
from zoo.models.seq2seq import Seq2Seq


class Pronouncer(nn.Module):
    """Gives int64 (batch, max_labels) phonemes of words as ASCII bytes (batch, letters), whatever their case.

    The state that it returns is that of `Seq2Seq`.
    """

    def __init__(self, config: PronouncerConfig) -> None:
        super().__init__()
        self.model = Seq2Seq(config)
        self.phonemes: List[str] = list(config.phonemes) or [str(k) for k in range(1, config.num_labels)]
        self.vocab_size = 128
        self.batch_first = config.batch_first
        self.like: Tensor  # has the device; quantization takes the parameters away
        self.register_buffer("like", torch.empty(0), persistent=False)
        self.state_names = self.model.state_names

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        return self.model(fold_case(input), lengths, state)

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        return self.model.initial_state(batch_size)

    @torch.jit.export
    def log_probs(self, input: Tensor, lengths: Optional[Tensor], labels: Tensor) -> Tensor:
        """See `Seq2Seq.log_probs`."""
        return self.model.log_probs(fold_case(input), lengths, labels)

    @torch.jit.export
    def search(self, input: Tensor, beam_size: int, lengths: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        """See `Seq2Seq.search`."""
        return self.model.search(fold_case(input), beam_size, lengths)

    @torch.jit.export
    def pronounce(self, word: str, beam_size: int) -> str:
        """Return the phonemes of one word, with spaces between them.

        Args:
            word: ASCII, at least one letter.
            beam_size: pronunciations that are followed at once; 1 is greedy.

        Raises:
            ValueError: the word is empty or not ASCII.
        """
        if len(word) == 0:
            raise ValueError("pronounce needs a word of at least 1 letter")
        letters: List[int] = []
        for k in range(len(word)):  # TorchScript counts bytes, and a byte of any other alphabet is not below 128
            letter = ord(word[k])
            if letter < 0 or letter >= self.vocab_size:
                raise ValueError(f"letter {k} of the word is not ASCII; write it in ASCII letters")
            letters.append(letter)
        input = torch.tensor(letters, dtype=torch.int64, device=self.like.device).unsqueeze(0)  # (1, letters)
        labels, _ = self.search(input if self.batch_first else input.transpose(0, 1), beam_size, None)
        said: List[str] = []
        found: List[int] = labels[0].tolist()
        for label in found:
            if label >= 0:
                said.append(self.phonemes[label])
        return " ".join(said)
