"""The pronouncer of the pip package g2p-en (Park and Kim, https://github.com/Kyubyong/g2p, Apache-2.0), by others.

It is an encoder-decoder of two GRUs of 128 units without attention, trained on the whole of CMUdict: it saw the words
of our test part in training. Only its weights are read, since its code fetches data of nltk when it is imported.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from zoo.training.batching import Batch, pad_sequences
from zoo.training.learners.seq2seq import NO_LABEL

# Numbers of its graphemes and phonemes, in the order of its embeddings: the first ones are marks.
UNKNOWN, END_OF_WORD, FIRST_LETTER = 1, 2, 3
START, END, MARKS = 2, 3, 4
MOST_PHONEMES = 20
# Phonemes in its order; a vowel has three labels, for the stresses 0, 1 and 2.
PHONEMES = "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH"
VOWELS = "AEIOU"  # a vowel begins with one of these letters


def list_phonemes() -> list[str]:
    """Return its phonemes in the order of its labels after the marks; UW without stress is one of them."""
    names: list[str] = []
    for phoneme in PHONEMES.split():
        names += [f"{phoneme}{stress}" for stress in range(3)] if phoneme[0] in VOWELS else [phoneme]
    names.insert(names.index("UW0"), "UW")
    return names


def score_g2p_en(task: Any) -> dict[str, float]:
    """Greedy decoding of its network.

    Raises:
        ImportError: g2p-en is missing.
    """
    with np.load(find_weights()) as weights:
        network = Network({name: torch.from_numpy(weights[name]).float() for name in weights.files})
    # CMUdict has no vowel without a mark of stress; stress does not count in the metric.
    label_of = [task.label_of.get(name, task.label_of.get(f"{name}0")) for name in list_phonemes()]
    batches = task.test_batches()
    scores: dict[str, float] = task.score([answer(network, batch, label_of) for batch in batches], batches)
    return scores


def find_weights() -> Path:
    """Return the file with its weights."""
    found = importlib.util.find_spec("g2p_en")
    if found is None or not found.submodule_search_locations:
        raise ImportError("g2p-en is missing: pip install 'recurrent-zoo[compare]'")
    return Path(found.submodule_search_locations[0]) / "checkpoint20.npz"


class Network:
    """Its two GRUs; their weights have the gates in PyTorch's order."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self.letters, self.labels = weights["enc_emb"], weights["dec_emb"]
        self.encoder = nn.GRU(self.letters.size(1), weights["enc_w_hh"].size(1), batch_first=True)
        self.decoder = nn.GRUCell(self.labels.size(1), weights["dec_w_hh"].size(1))
        self.head = weights["fc_w"], weights["fc_b"]
        for name in ("w_ih", "w_hh", "b_ih", "b_hh"):
            own = name.replace("w_", "weight_").replace("b_", "bias_")
            getattr(self.encoder, f"{own}_l0").data = weights[f"enc_{name}"]
            getattr(self.decoder, own).data = weights[f"dec_{name}"]

    @torch.no_grad()
    def decode(self, words: Sequence[str]) -> list[list[int]]:
        """Return the numbers of the phonemes of each word, marks left out."""
        rows = [torch.tensor([*map(number_letter, word), END_OF_WORD]) for word in words]
        padded, lengths = pad_sequences(rows)
        packed = pack_padded_sequence(self.letters[padded], lengths, batch_first=True, enforce_sorted=False)
        h = self.encoder(packed)[1][0]  # (B, 128)
        last = torch.full((len(words),), START)
        said: list[list[int]] = [[] for _ in words]
        ended = torch.zeros(len(words), dtype=torch.bool)
        for _ in range(MOST_PHONEMES):
            h = self.decoder(self.labels[last], h)
            last = (h @ self.head[0].T + self.head[1]).argmax(1)
            ended |= last == END
            for row in (~ended & (last >= MARKS)).nonzero().flatten().tolist():
                said[row].append(int(last[row]) - MARKS)
        return said


def number_letter(letter: str) -> int:
    """Return the number of a letter; it has none for an apostrophe."""
    return FIRST_LETTER + ord(letter) - ord("a") if "a" <= letter <= "z" else UNKNOWN


def answer(network: Network, batch: Batch, label_of: Sequence[int]) -> Tensor:
    """Return labels (B, U), -1 after the end, as the model gives them."""
    words = [bytes(row[row > 0].tolist()).decode() for row in batch.input]
    rows = [torch.tensor([label_of[k] for k in said]).long() for said in network.decode(words)]
    return pad_sequences(rows, NO_LABEL)[0]
