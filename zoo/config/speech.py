"""The configurations of models that take raw samples, one hop of samples per step."""

from __future__ import annotations

from dataclasses import dataclass

from zoo.config.faults import whole_number_faults
from zoo.config.recurrent import RecurrentConfig
from zoo.config.tasks import ClassifierConfig, CTCConfig, TaggerConfig


@dataclass(frozen=True, kw_only=True)
class SpeechConfig(RecurrentConfig):
    """What speech models share: samples in -1..1, log-mel features, a causal convolution, the recurrent stack.

    Args:
        input_size: samples per step, which is the hop from frame to frame.
        sample_rate: in Hz.
        window_size: samples in a frame: those of the step itself and the ones just before.
        num_mels: mel bands per frame.
        conv_size: frames that the convolution sees: that of the step itself and the ones just before.
        conv_channels: features that the convolution passes to the first recurrent layer.
        power_floor: power added to each band before the logarithm. A band counts as silent below it. The power is the
            squared magnitude of the windowed frame's spectrum: 1e-6 is about 20 dB above the rounding noise of 16-bit
            samples, and a smaller one keeps soft sounds apart from silence.
    """

    input_size: int = 80
    sample_rate: int = 8000
    window_size: int = 256
    num_mels: int = 32
    conv_channels: int = 64
    power_floor: float = 1e-6

    def faults(self) -> list[str]:
        found = super().faults()
        for name in ("sample_rate", "num_mels", "conv_channels"):
            found += whole_number_faults(name, getattr(self, name), 1)
        found += whole_number_faults("window_size", self.window_size, 2)
        if not isinstance(self.power_floor, float) or not 0.0 < self.power_floor < 1.0:
            found.append(f"power_floor must be a number between 0 and 1, neither of them, got {self.power_floor!r}")
        if self.vocab_size is not None:
            found.append(f"vocab_size must be None, got {self.vocab_size}: a speech model takes samples, not tokens")
        if self.standardize is True:
            found.append("standardize must be False: the log-mel front end already standardises its features")
        if self.conv_layers != 1:
            found.append(f"conv_layers must be 1, got {self.conv_layers!r}: a speech model has one convolution")
        if not found and self.window_size <= self.input_size:
            found.append(f"window_size must be larger than input_size={self.input_size}, got {self.window_size}")
        return found

    @property
    def centred_convolutions(self) -> bool:
        return False


@dataclass(frozen=True, kw_only=True)
class SpeechClassifierConfig(SpeechConfig, ClassifierConfig):
    """One class for a whole recording."""


@dataclass(frozen=True, kw_only=True)
class SpeechCTCConfig(SpeechConfig, CTCConfig):
    """Log-probabilities of labels and blank at every step."""


@dataclass(frozen=True, kw_only=True)
class SpeechDetectorConfig(SpeechConfig, TaggerConfig):
    """The log-odds of every keyword at every step; `num_classes` counts the keywords."""
