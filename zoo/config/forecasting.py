"""The configuration of the forecaster that reads a series segment by segment."""

from __future__ import annotations

from dataclasses import dataclass

from zoo.config.faults import whole_number_faults
from zoo.config.tasks import ForecasterConfig


@dataclass(frozen=True, kw_only=True)
class SegmentForecasterConfig(ForecasterConfig):
    """A forecaster after SegRNN (Lin et al. 2023): one recurrence per segment, every variable on its own.

    `input_size` and `num_variables` are both the number of variables. The model always divides by the deviations that
    `zoo.set_statistics_` set.

    Args:
        segment_size: steps of a segment; the horizon is a whole number of segments.
        highway_window: number of the latest steps whose weighted sums are added to the forecast; 0 for none.
        highway_period: steps after which the series resembles itself, such as 24 hours. Each forecast step is a sum
            over the same position in earlier periods. Window and horizon are whole numbers of periods.
        seasonal_share: how much of a forecast is the mean of the same position in the periods of the highway's window;
            0 for none. The rest is what the net gives. Training leaves the mean out: the net learns to forecast alone,
            and the share is chosen afterwards on validation data.
    """

    cell: str = "gru"
    segment_size: int = 48
    highway_window: int = 0
    highway_period: int = 1
    seasonal_share: float = 0.0

    def faults(self) -> list[str]:
        found = super().faults() + whole_number_faults("segment_size", self.segment_size, 1)
        found += whole_number_faults("highway_window", self.highway_window, 0)
        found += whole_number_faults("highway_period", self.highway_period, 1)
        if not isinstance(self.seasonal_share, int | float) or not 0.0 <= self.seasonal_share < 1.0:
            found.append(f"seasonal_share must be at least 0 and less than 1, got {self.seasonal_share!r}")
        if found:
            return found
        if self.seasonal_share and not self.highway_window:
            found.append(
                f"seasonal_share={self.seasonal_share} is a mean over highway_window, which is 0; give both or neither"
            )
        if (
            self.cell != "gru"
            or self.num_layers != 1
            or self.bidirectional
            or self.proj_size
            or self.residual
            or self.conv_channels
            or self.attention_window
        ):
            found.append("a segment forecaster is one gru layer in one direction; leave the other settings out")
        if self.input_size != self.num_variables:
            found.append(f"input_size and num_variables must agree, got {self.input_size} and {self.num_variables}")
        if self.horizon % self.segment_size:
            found.append(f"horizon must be a multiple of segment_size={self.segment_size}, got {self.horizon}")
        if self.highway_window and (self.horizon % self.highway_period or self.highway_window % self.highway_period):
            found.append(
                f"horizon and highway_window must be multiples of highway_period={self.highway_period}, got "
                f"{self.horizon} and {self.highway_window}"
            )
        if self.hidden_size % 2:
            found.append(
                "hidden_size must be even: one half encodes the segment and the other the variable; "
                f"got {self.hidden_size}"
            )
        if self.vocab_size is not None or self.batch_first is not True:
            found.append("a segment forecaster takes float features with batch_first=True")
        return found
