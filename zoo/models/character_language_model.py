"""A language model over characters that reads and writes text, in Python and in C++."""

from __future__ import annotations

from typing import Dict, List, Optional, Tuple

import torch
from torch import Tensor, nn

from zoo.config import UNKNOWN, CharacterLanguageModelConfig
from zoo.models.tagger import SequenceTagger

# The generator of Park and Miller (1988), "Random number generators: good ones are hard to find". Every product is
# below 2^47, so Python's integers and TorchScript's 64-bit integers agree.
MULTIPLIER, MODULUS = 48271, 2147483647


def utf8_size(lead: int) -> int:
    """Return the bytes of a character of UTF-8 by its first one."""
    if lead < 0xC0:
        return 1
    if lead < 0xE0:
        return 2
    return 3 if lead < 0xF0 else 4


class CharacterLanguageModel(nn.Module):
    """Gives (batch, seq_len, characters) scores of the next character, and writes text by sampling from them."""

    def __init__(self, config: CharacterLanguageModelConfig) -> None:
        super().__init__()
        self.model = SequenceTagger(config)
        self.characters: List[str] = list(config.characters)
        self.tokens: Dict[str, int] = {character: k for k, character in enumerate(config.characters)}
        self.unknown: int = self.tokens.get(UNKNOWN, -1)
        self.like: Tensor  # has the device; quantization takes the parameters away
        self.register_buffer("like", torch.empty(0), persistent=False)
        self.multiplier = MULTIPLIER
        self.modulus = MODULUS
        self.state_names = self.model.state_names

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        return self.model(input, lengths, state)

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        return self.model.initial_state(batch_size)

    @torch.jit.export
    def encode(self, text: str) -> Tensor:
        """Return the tokens (1, characters) of a text.

        Raises:
            ValueError: a character is outside the alphabet, which has no sign for unknown ones.
        """
        tokens: List[int] = []
        start = 0
        while start < len(text):
            size = 1
            if torch.jit.is_scripting():  # a string of TorchScript is UTF-8, and its length counts bytes
                size = utf8_size(ord(text[start]))
            token = self.tokens.get(text[start : start + size], self.unknown)
            if token < 0:
                raise ValueError(f"character {len(tokens)} of the text is not in the model's alphabet")
            tokens.append(token)
            start += size
        return torch.tensor(tokens, dtype=torch.int64).unsqueeze(0)

    @torch.jit.export
    def decode(self, tokens: Tensor) -> str:
        """Return the text of tokens of any shape, row after row."""
        characters: List[str] = []
        flat: List[int] = tokens.flatten().tolist()
        for token in flat:
            characters.append(self.characters[token])
        return "".join(characters)

    @torch.jit.export
    def generate(self, prompt: str, length: int, temperature: float, seed: int) -> str:
        """Continue a text.

        Args:
            prompt: at least one character.
            length: number of characters to add.
            temperature: 1 samples from the model's distribution, less than 1 sharpens it, 0 takes the likeliest.
            seed: any whole number. The same seed gives the same text in Python and in C++.

        Returns:
            The added characters.
        """
        if len(prompt) == 0 or length < 0 or not temperature >= 0.0:  # nothing is true of NaN
            raise ValueError("generate needs a prompt of at least 1 character, length >= 0 and temperature >= 0")
        random = seed % (self.modulus - 1) + 1
        scores, state = self.forward(self.encode(prompt).to(self.like.device), None, None)
        written: List[int] = []
        for _ in range(length):
            random = random * self.multiplier % self.modulus
            token = self._draw(scores[0, -1], temperature, random)
            written.append(token)
            scores, state = self.forward(torch.full([1, 1], token, device=scores.device), None, state)
        return self.decode(torch.tensor(written, dtype=torch.int64))

    def _draw(self, scores: Tensor, temperature: float, random: int) -> int:
        """Return the token at random / modulus of the cumulative distribution; scores are (V,)."""
        if temperature == 0.0:
            return int(scores.argmax().item())
        above = scores.double() - scores.max()  # 0 at most, so that no temperature makes an infinity, and NaN, of it
        shares = torch.softmax(above / temperature, dim=0).cumsum(0)
        passed = int((shares < float(random) / float(self.modulus)).sum().item())
        return min(passed, scores.size(0) - 1)
