"""The configurations of encoder-decoders: a sequence in, labels of another length out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from zoo.config.faults import names_faults, whole_number_faults
from zoo.config.recurrent import NUM_HEADS, RecurrentConfig
from zoo.config.tasks import HeadConfig

Attention = Literal["additive", "dot_product"]
ATTENTIONS: tuple[str, ...] = get_args(Attention)


@dataclass(frozen=True, kw_only=True)
class Seq2SeqConfig(HeadConfig):
    """Labels of any number from a sequence (Bahdanau et al. 2015, Luong et al. 2015).

    The fields of the recurrent stack are those of the encoder. The decoder has the same cell and as many units, in one
    direction.

    Args:
        num_labels: number of labels, including the end of the output, which is label 0.
        label_size: width of the embedding of the labels that the decoder reads.
        decoder_layers: layers of the decoder.
        attention: how a step of the decoder scores the steps of the encoder: "additive" or "dot_product".
        max_labels: most labels of an output, without its end.
        beam_size: outputs that decoding follows at once; 1 is greedy.
    """

    bidirectional: bool = True
    num_labels: int = 40
    label_size: int = 64
    decoder_layers: int = 1
    attention: Attention = "dot_product"
    max_labels: int = 64
    beam_size: int = 1

    def faults(self) -> list[str]:
        found = super().faults() + whole_number_faults("num_labels", self.num_labels, 2)
        for name in ("label_size", "decoder_layers", "max_labels", "beam_size"):
            found += whole_number_faults(name, getattr(self, name), 1)
        if self.attention not in ATTENTIONS:
            found.append(f"attention must be one of {', '.join(ATTENTIONS)}, got {self.attention!r}")
        return found

    def decoder_config(self) -> RecurrentConfig:
        """Return the configuration of the decoder's recurrent stack."""
        several = self.decoder_layers > 1
        return self.stack_config(self.label_size).replace(
            num_layers=self.decoder_layers,
            bidirectional=False,
            attention_window=0,
            num_heads=NUM_HEADS,
            dropout=self.dropout if several else 0.0,
            residual=self.residual and several,
        )


@dataclass(frozen=True, kw_only=True)
class PronouncerConfig(Seq2SeqConfig):
    """Spelling to phonemes: a word is its ASCII bytes, and each label but the end has a name.

    Args:
        phonemes: the names of labels 1, 2, and so on; empty for these numbers as names.
    """

    phonemes: tuple[str, ...] = ()
    vocab_size: int | None = 128

    def faults(self) -> list[str]:
        found = super().faults()
        if self.vocab_size != 128:
            found.append(f"vocab_size must be 128, one token for each ASCII byte, got {self.vocab_size!r}")
        faults = names_faults("phonemes", self.phonemes)
        found += faults
        if not faults and self.phonemes and len(self.phonemes) + 1 != self.num_labels:
            found.append(
                f"phonemes must have a name for each of num_labels - 1 = {self.num_labels - 1} labels, "
                f"got {len(self.phonemes)}"
            )
        return found
