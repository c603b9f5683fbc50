"""Sequence to sequence by an encoder, attention and a decoder (Bahdanau et al. 2015, Luong et al. 2015).

A model file decodes by itself: `forward` writes labels, greedily or with the beam of the configuration.
"""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

from zoo.config import Seq2SeqConfig
from zoo.models.attention_decoder import AttentionDecoder
from zoo.models.backbone import make_backbone
from zoo.models.beam_search import extend_beams, start_beams
from zoo.models.padding import step_mask

Memory = Tuple[Tensor, Tensor, Tensor, List[Tensor]]


class Seq2Seq(nn.Module):
    """Gives int64 (batch, max_labels): k stands for label k + 1, -1 after the end. Attention reads whole sequences.

    The state that it returns is the log-probability of each label, and of the end in the place after the last one.
    """

    def __init__(self, config: Seq2SeqConfig) -> None:
        super().__init__()
        self.encoder = make_backbone(config)
        self.decoder = AttentionDecoder(config, config.output_size)
        self.max_labels = config.max_labels
        self.beam_size = config.beam_size
        self.state_names: List[str] = ["log_probs"]

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        if state is not None:
            raise ValueError("an encoder-decoder reads its whole input at once: it takes no state")
        labels, log_probs = self.search(input, self.beam_size, lengths)
        return labels, [log_probs.unsqueeze(0)]

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        raise RuntimeError("an encoder-decoder reads its whole input at once: it has no state to carry on")

    @torch.jit.export
    def search(self, input: Tensor, beam_size: int, lengths: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        """Return the likeliest labels that a beam of this size finds, and their log-probabilities.

        A beam of 1 is greedy: it takes the likeliest label at each step.

        Returns:
            Labels and log-probabilities as `forward` gives them, both (B, max_labels). The sum of a row of the latter
            is the log-probability of the whole output.
        """
        if beam_size < 1:
            raise ValueError(f"beam_size must be at least 1; got {beam_size}")
        keys, memory, absent, state = self._read(input, lengths)
        rows, device = memory.size(0), memory.device
        if beam_size > 1:
            keys, memory = keys.repeat_interleave(beam_size, 0), memory.repeat_interleave(beam_size, 0)  # (B * K, T, F)
            absent = absent.repeat_interleave(beam_size, 0)
            state = [part.repeat_interleave(beam_size, 1) for part in state]
        scores = start_beams(memory, rows, beam_size)
        ended = torch.zeros([rows, beam_size], dtype=torch.bool, device=device)
        written = torch.full([rows, beam_size, self.max_labels], -1, dtype=torch.int64, device=device)
        chances = torch.zeros([rows, beam_size, self.max_labels], dtype=memory.dtype, device=device)
        last = torch.zeros([rows * beam_size, 1], dtype=torch.int64, device=device)
        first = torch.arange(rows, device=device).unsqueeze(1) * beam_size  # (B, 1)
        step = 0
        # Going on never makes an output likelier: once the best one has ended, it stays the best.
        while step < self.max_labels and not bool(ended[:, 0].all()):
            log_probs, state = self.decoder(last, keys, memory, absent, state)  # (B * K, 1, labels)
            log_probs = log_probs.view(rows, beam_size, -1)
            scores, parents, labels = extend_beams(log_probs, scores, ended)
            places = (first + parents).flatten()  # (B * K,)
            state = [part.index_select(1, places) for part in state]
            written = written.gather(1, parents.unsqueeze(2).expand_as(written))
            written[:, :, step] = labels - 1
            ended = ended.gather(1, parents)
            chances = chances.gather(1, parents.unsqueeze(2).expand_as(chances))
            chosen = log_probs.flatten(1).gather(1, parents * log_probs.size(2) + labels)  # (B, K)
            chances[:, :, step] = chosen.masked_fill(ended, 0.0)
            ended = ended | (labels == 0)
            last = labels.view(-1, 1)
            step += 1
        return written[:, 0], chances[:, 0]

    @torch.jit.export
    def log_probs(self, input: Tensor, lengths: Optional[Tensor], labels: Tensor) -> Tensor:
        """Return the log-probabilities (B, U + 1, num_labels) of each next label, given the ones before it.

        Training maximises those of the true labels ("teacher forcing"). Column 0 is the end.

        Args:
            input, lengths: as in `forward`.
            labels: int64 (B, U), in the form of the output: k for label k + 1, -1 after the end.
        """
        keys, memory, absent, state = self._read(input, lengths)
        before = torch.cat([torch.full_like(labels[:, :1], -1), labels], dim=1) + 1  # (B, U + 1)
        log_probs, _ = self.decoder(before, keys, memory, absent, state)
        return log_probs

    def _read(self, input: Tensor, lengths: Optional[Tensor]) -> Memory:
        """Return the keys, the encoder's output, which steps are padding, and the decoder's first state."""
        memory, encoder_state = self.encoder(input, lengths, None)  # (B, T, F)
        if lengths is None:
            absent = torch.zeros([memory.size(0), memory.size(1)], dtype=torch.bool, device=memory.device)
        else:
            absent = ~step_mask(lengths, memory.size(1), memory.device)
        state = self.decoder.first_state(self.encoder.final(encoder_state))
        return self.decoder.keys(memory), memory, absent, state
