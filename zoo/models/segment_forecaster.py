"""SegRNN (Lin et al. 2023, "Segment recurrent neural network for long-term time series forecasting").

A recurrence over segments instead of steps is short enough to remember the whole look-back. All future segments are
decoded at once, each from the same final state and a code of its segment and variable. A linear highway around the
recurrence and a share of the seasonal mean are optional; the paper does not have them.
"""

from __future__ import annotations

from typing import Any, List, Optional, Tuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from zoo.config import RecurrentConfig, SegmentForecasterConfig
from zoo.models.front_end import StandardizingFrontEnd, check_features
from zoo.models.highway import LinearHighway, SeasonalMean
from zoo.models.layout import check_layout
from zoo.models.recurrent import HiddenStack


class SegmentForecaster(nn.Module):
    """Gives (batch, horizon, num_variables) forecasts from a look-back of any length, in the unit of the input.

    Steps are cut into whole segments from the end backwards. The oldest remainder is not read. A series shorter than
    one segment is extended to the left with its last value. One of length 0 counts as the mean of the training data.
    """

    def __init__(self, config: SegmentForecasterConfig) -> None:
        super().__init__()
        # Input and output are differences from the last value: of the means, only an empty row needs one.
        self.front_end = StandardizingFrontEnd(config)
        self.segment_size = config.segment_size
        self.num_variables = config.num_variables
        self.num_segments = config.horizon // config.segment_size
        size = config.hidden_size
        self.embedding = nn.Linear(config.segment_size, size)
        self.recurrence = HiddenStack(RecurrentConfig(cell="gru", input_size=size, hidden_size=size))
        self.segment_code = nn.Parameter(torch.randn(self.num_segments, size // 2))
        self.variable_code = nn.Parameter(torch.randn(config.num_variables, size // 2))
        self.dropout = nn.Dropout(config.head_dropout)
        self.head = nn.Linear(size, config.segment_size)
        window, period = config.highway_window, config.highway_period
        self.highway = LinearHighway(window, config.horizon, period) if window else None
        self.seasonal_share = config.seasonal_share
        self.seasonal_mean = SeasonalMean(window, config.horizon, period) if config.seasonal_share else None
        self.state_names = ["h"]

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        if state is not None:
            raise ValueError("a segment forecaster reads its whole look-back at once: it takes no state")
        check_features(input, self.num_variables)
        check_layout(input, lengths)
        if lengths is None:
            lengths = torch.full([input.size(0)], input.size(1), dtype=torch.int64, device=input.device)
        moves, counts, last = self._cut(input, lengths.to(input.device))
        segments = moves.transpose(1, 2).unflatten(2, [-1, self.segment_size]).flatten(0, 1)  # (B * C, N, S)
        encoded = torch.relu(self.embedding(segments))  # (B * C, N, H)
        start = self.recurrence.zero_state(encoded.size(0), encoded)
        _, final = self.recurrence(encoded, counts.repeat_interleave(input.size(2)), start)
        h = final[0].squeeze(0)  # (B * C, H)
        ahead = self.head(self.dropout(self._decode(h)))  # (B, C, segments ahead, S)
        moves_ahead = ahead.flatten(2).transpose(1, 2)  # (B, horizon, C)
        if self.highway is not None:
            moves_ahead = moves_ahead + self.highway(moves, counts * self.segment_size)
        if self.seasonal_mean is not None and not self.training:
            seasonal = self.seasonal_mean(moves, counts * self.segment_size)
            moves_ahead = (1.0 - self.seasonal_share) * moves_ahead + self.seasonal_share * seasonal
        forecast = moves_ahead * self.front_end.std + last
        return forecast, [h.unflatten(0, [input.size(0), input.size(2)]).unsqueeze(0)]

    def _cut(self, values: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        """Return standardised differences (B, N * S, C), segments per row (B,), and the last value (B, 1, C)."""
        size = self.segment_size
        counts = (lengths // size).clamp(min=1)  # (B,)
        steps = torch.arange(int(counts.max()) * size, device=values.device)
        place = (lengths - counts * size).unsqueeze(1) + steps.unsqueeze(0)  # (B, N * S)
        inside = (place >= 0) & (place < lengths.unsqueeze(1))
        index = place.clamp(min=0, max=values.size(1) - 1).unsqueeze(2).expand(-1, -1, values.size(2))
        end = (lengths - 1).clamp(min=0).reshape(-1, 1, 1).expand(-1, 1, values.size(2))
        empty = (lengths == 0).reshape(-1, 1, 1)
        last = torch.where(empty, self.front_end.mean, values.gather(1, end))
        moves = (values.gather(1, index) - last) / self.front_end.std  # (B, N * S, C)
        return moves.masked_fill(~inside.unsqueeze(2), 0.0), counts, last

    def _decode(self, h: Tensor) -> Tensor:
        """Run one step of the same GRU from (B * C, H) for each future segment; return (B, C, future segments, H)."""
        code = self._code()  # (C, segments, H)
        if self.training and not torch.jit.is_scripting():
            return self._decode_in_training(h.unflatten(0, [-1, self.num_variables]), code)
        rows = h.size(0) // self.num_variables
        start = h.repeat_interleave(self.num_segments, 0).unsqueeze(0)  # (1, B * C * segments, H)
        steps = code.flatten(0, 1).unsqueeze(1)  # (C * segments, 1, H)
        ahead, _ = self.recurrence(steps.repeat(rows, 1, 1), None, [start])
        return ahead.squeeze(1).unflatten(0, [rows, self.num_variables, self.num_segments])

    def _code(self) -> Tensor:
        """Return the codes of segment and variable, (C, segments, H)."""
        segment = self.segment_code.unsqueeze(0).expand(self.num_variables, -1, -1)
        variable = self.variable_code.unsqueeze(1).expand(-1, self.num_segments, -1)
        return torch.cat([segment, variable], dim=2)

    @torch.jit.unused
    def _decode_in_training(self, h: Tensor, code: Tensor) -> Tensor:
        """Return the same from (B, C, H) three times as fast, because no product is computed twice.

        All rows share the products with a code, and all segments those with a state. This needs the layer's weights,
        which quantization takes away.
        """
        layer: Any = self.recurrence.rnn
        size = h.size(2)
        given = functional.linear(code, layer.weight_ih_l0, layer.bias_ih_l0)  # (C, segments, 3 * H)
        state = h.unsqueeze(2)  # (B, C, 1, H)
        kept = functional.linear(state, layer.weight_hh_l0, layer.bias_hh_l0)
        gates = torch.sigmoid(given[..., : 2 * size] + kept[..., : 2 * size])
        reset, update = gates.chunk(2, dim=3)
        new = torch.tanh(given[..., 2 * size :] + reset * kept[..., 2 * size :])
        return new + update * (state - new)

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        raise RuntimeError("a segment forecaster reads its whole look-back at once: it has no state to carry on")
