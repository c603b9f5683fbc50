"""Log-mel features of a stream of samples: frame t depends on the samples up to step t and on no later ones.

Power spectra are computed in float64. The sums are regrouped when a stream is cut into other chunks, and in float64
this changes less than float32 can show, even in a quiet band next to a loud one.
"""

from __future__ import annotations

import math
from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

from zoo.config.faults import ConfigError
from zoo.models.padding import last_steps
from zoo.models.standardizing import copy_statistics

LOWEST_HZ = 60.0


def mel_filters(num_mels: int, window_size: int, sample_rate: int) -> Tensor:
    """Return triangular filters (window_size // 2 + 1, num_mels), evenly spaced on O'Shaughnessy's mel scale.

    Raises:
        ConfigError: there are too many bands, so one of them contains no bin of the spectrum.
    """
    lowest, highest = _mel(LOWEST_HZ), _mel(sample_rate / 2)
    points = torch.linspace(lowest, highest, num_mels + 2, dtype=torch.float64)
    corners = 700.0 * (torch.pow(10.0, points / 2595.0) - 1.0)  # Hz
    bins = torch.arange(window_size // 2 + 1, dtype=torch.float64) * sample_rate / window_size
    rising = (bins.unsqueeze(1) - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - bins.unsqueeze(1)) / (corners[2:] - corners[1:-1])
    filters = torch.minimum(rising, falling).clamp(min=0.0)
    if not bool((filters.amax(0) > 0).all()):
        raise ConfigError(
            f"{num_mels} mel bands are too many for a window of {window_size} samples at {sample_rate} Hz: a band "
            "contains no bin of the spectrum; use fewer bands or a longer window"
        )
    return filters


def _mel(hertz: float) -> float:
    return 2595.0 * math.log10(1.0 + hertz / 700.0)


class LogMel(nn.Module):
    """Gives standardised log-mel features; the state is the past samples that the next frame needs.

    Args:
        hop: samples per step.
        window_size: samples per frame.
        num_mels: bands.
        sample_rate: in Hz.
        floor: power that is added to every band, below which a band counts as silent.
    """

    def __init__(self, hop: int, window_size: int, num_mels: int, sample_rate: int, floor: float = 1e-6) -> None:
        super().__init__()
        self.hop = hop
        self.window_size = window_size
        self.reach = window_size - hop
        self.num_mels = num_mels
        window = torch.hann_window(window_size, dtype=torch.float64)
        self.register_buffer("window", window, persistent=False)
        self.register_buffer("filters", mel_filters(num_mels, window_size, sample_rate), persistent=False)
        self.register_buffer("mean", torch.zeros(num_mels))
        self.register_buffer("std", torch.ones(num_mels))
        self.floor = floor

    def forward(self, input: Tensor, lengths: Optional[Tensor], tail: Tensor) -> Tuple[Tensor, Tensor]:
        """Take samples (B, T, hop) and the tail (1, B, reach); give features (B, T, num_mels) and the new tail."""
        joined = torch.cat([tail[0], input.flatten(1)], dim=1)  # (B, reach + T * hop)
        frames = joined.unfold(1, self.window_size, self.hop)  # (B, T, window_size)
        spectrum = torch.fft.rfft(frames.double() * self.window)  # (B, T, window_size // 2 + 1)
        power = torch.view_as_real(spectrum).square().sum(3)
        features = torch.log(power @ self.filters + self.floor).to(input.dtype)  # (B, T, num_mels)
        samples = lengths * self.hop if lengths is not None else None
        tail = last_steps(joined.unsqueeze(2), samples, self.reach).squeeze(2).unsqueeze(0)
        return (features - self.mean) / self.std, tail

    def zero_state(self, batch_size: int, like: Tensor) -> List[Tensor]:
        """Silence before the first sample."""
        return [torch.zeros([1, batch_size, self.reach], dtype=like.dtype, device=like.device)]

    @torch.jit.unused
    def set_statistics(self, mean: Tensor, std: Tensor) -> None:
        """Set the statistics, both (num_mels,).

        Raises:
            ValueError: a shape differs, or a deviation is not positive.
        """
        copy_statistics(mean, std, self.get_buffer("mean"), self.get_buffer("std"))
