"""The segment forecaster: what it reads, what it ignores, and the same in C++."""

from pathlib import Path
from typing import Any

import pytest
import torch
from support.program import Program

import zoo
from zoo.config import ConfigError, SegmentForecasterConfig
from zoo.models.highway import LinearHighway, SeasonalMean

SMALL = {"hidden_size": 20, "segment_size": 12, "horizon": 36, "highway_period": 12}
with_and_without_highway = pytest.mark.parametrize("highway_window", [0, 24, 96])


def build_forecaster(**overrides: Any) -> Any:
    model: Any = zoo.build("segrnn_forecaster_etth1_96", **{**SMALL, **overrides}).eval()
    zoo.set_statistics_(model, torch.arange(7.0), torch.arange(1.0, 8.0))
    if model.highway is not None:
        model.highway.weight.data.normal_(std=0.1)
    return model


@with_and_without_highway
def test_forecasts_have_the_horizon_and_the_unit_of_the_input(highway_window: int) -> None:
    model = build_forecaster(highway_window=highway_window)
    series = torch.randn(3, 48, 7)
    forecast, state = model(series)
    assert forecast.shape == (3, 36, 7)
    assert [list(part.shape) for part in state] == [[1, 3, 7, 20]]
    # Moved as a whole, a variable's forecast moves with it: only differences to the last value are read.
    torch.testing.assert_close(model(series + 5.0)[0], forecast + 5.0, atol=1e-4, rtol=1e-5)


@with_and_without_highway
def test_training_computes_what_is_run(highway_window: int) -> None:
    model = build_forecaster(highway_window=highway_window, head_dropout=0.0)
    series = torch.randn(3, 48, 7)
    run = model(series)[0]
    torch.testing.assert_close(model.train()(series)[0], run, atol=1e-5, rtol=1e-5)


@with_and_without_highway
def test_variables_do_not_see_each_other(highway_window: int) -> None:
    model = build_forecaster(highway_window=highway_window)
    series = torch.randn(1, 48, 7)
    changed = series.clone()
    changed[:, :, 2] += torch.randn(1, 48)
    difference = (model(changed)[0] - model(series)[0]).abs().amax((0, 1))
    assert difference[2] > 0
    assert difference[[0, 1, 3, 4, 5, 6]].max() == 0


@with_and_without_highway
def test_the_oldest_remainder_is_not_read(highway_window: int) -> None:
    model = build_forecaster(highway_window=highway_window)
    series = torch.randn(2, 48 + 5, 7)
    assert torch.equal(model(series)[0], model(series[:, 5:])[0])


@with_and_without_highway
def test_a_short_series_counts_as_preceded_by_its_last_value(highway_window: int) -> None:
    model = build_forecaster(highway_window=highway_window)
    series = torch.randn(2, 5, 7)
    filled = torch.cat([series[:, -1:].expand(-1, 7, -1), series], 1)
    torch.testing.assert_close(model(series)[0], model(filled)[0], atol=1e-6, rtol=1e-6)


@with_and_without_highway
def test_padding_and_company_do_not_change_a_row(highway_window: int) -> None:
    model = build_forecaster(highway_window=highway_window)
    series, lengths = torch.randn(4, 50, 7), torch.tensor([50, 13, 3, 36])
    together = model(series, lengths)[0]
    for k, length in enumerate(lengths.tolist()):
        alone = model(series[k : k + 1, :length])[0][0]
        torch.testing.assert_close(together[k], alone, atol=2e-6, rtol=1e-6)


@pytest.mark.parametrize("fields", [{"highway_window": 0}, {"highway_window": 24, "seasonal_share": 0.25}])
def test_an_empty_row_counts_as_the_mean_of_the_training_data(fields: dict[str, Any], tmp_path: Path) -> None:
    model = build_forecaster(**fields)
    series, lengths = torch.full((3, 50, 7), float("nan")), torch.tensor([50, 0, 0])
    series[0], series[2] = torch.randn(50, 7), 100.0  # whatever stands in the padding
    expected = torch.cat([model(series[:1])[0], model(torch.arange(7.0).expand(2, 1, 7))[0]])
    for run in (model, zoo.load_onnx(zoo.export_onnx(model, tmp_path / "model.onnx").path)):
        torch.testing.assert_close(run(series, lengths)[0], expected, atol=2e-6, rtol=1e-6)


def test_the_highway_begins_with_nothing_and_weighs_each_variable_s_last_steps() -> None:
    small = {**SMALL, "highway_period": 1}
    plain: Any = zoo.build("segrnn_forecaster_etth1_96", **small, highway_window=0, seed=0).eval()
    model: Any = zoo.build("segrnn_forecaster_etth1_96", **small, highway_window=24, seed=0).eval()
    model.load_state_dict({**plain.state_dict(), "highway.weight": torch.zeros(36, 24)})
    series = torch.randn(2, 48, 7)
    assert torch.equal(model(series)[0], plain(series)[0])
    model.highway.weight.data[5, 24 - 3] = 0.5  # the sixth step ahead: half the move from the third last step
    added = model(series)[0] - plain(series)[0]
    torch.testing.assert_close(added[:, 5], 0.5 * (series[:, -3] - series[:, -1]), atol=1e-6, rtol=1e-5)
    assert added[:, [0, 4, 6, 35]].abs().max() == 0


def test_a_highway_with_a_period_weighs_the_same_step_of_earlier_periods() -> None:
    highway = LinearHighway(window=6, horizon=9, period=3)
    highway.weight.data.normal_()
    steps, lengths = torch.randn(2, 8, 4), torch.tensor([8, 5])
    ahead = highway(steps, lengths)
    for row, length in enumerate(lengths.tolist()):
        known = torch.cat([torch.zeros(6, 4), steps[row, :length]])[-6:]
        for step in range(9):
            expected = sum(highway.weight[step // 3, k] * known[3 * k + step % 3] for k in range(2))
            torch.testing.assert_close(ahead[row, step], expected)


def test_the_seasonal_mean_is_that_of_the_whole_periods_that_are_there() -> None:
    mean = SeasonalMean(window=6, horizon=6, period=3)
    steps, lengths = torch.randn(3, 8, 4), torch.tensor([8, 5, 2])
    ahead = mean(steps, lengths)
    torch.testing.assert_close(ahead[0, :3], (steps[0, 2:5] + steps[0, 5:8]) / 2)
    torch.testing.assert_close(ahead[1, :3], steps[1, 2:5])
    assert torch.equal(ahead[2], torch.zeros(6, 4))
    assert torch.equal(ahead[:, :3], ahead[:, 3:])


def test_a_share_of_a_forecast_is_the_seasonal_mean_but_not_in_training() -> None:
    fields: dict[str, Any] = {"highway_window": 24, "head_dropout": 0.0}
    plain, model = build_forecaster(**fields), build_forecaster(**fields, seasonal_share=0.25)
    model.load_state_dict(plain.state_dict())
    series = torch.randn(2, 48, 7)
    days = series.unflatten(1, [4, 12])[:, 2:].mean(1).repeat(1, 3, 1)  # of the last two periods of 12
    torch.testing.assert_close(model(series)[0], 0.75 * plain(series)[0] + 0.25 * days, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(model.train()(series)[0], plain.train()(series)[0])


def test_it_carries_no_state() -> None:
    model = build_forecaster()
    with pytest.raises(RuntimeError, match="reads its whole look-back at once"):
        model.initial_state(1)
    with pytest.raises(ValueError, match="it takes no state"):
        model(torch.randn(1, 24, 7), None, [torch.zeros(1, 1, 7, 20)])
    with pytest.raises(ValueError, match="at least one row and one step"):
        model(torch.randn(1, 0, 7))


def test_it_is_proved_in_cpp(program: Program, artifact: Path) -> None:
    samples = [
        zoo.Sample("look_back", torch.randn(2, 60, 7)),
        zoo.Sample("padded", torch.randn(3, 40, 7), torch.tensor([40, 7, 25])),
    ]
    float_model = build_forecaster(highway_window=48)
    seasonal = build_forecaster(highway_window=48, seasonal_share=0.3)
    for model in (float_model, seasonal, zoo.quantize(float_model, "dynamic_int8", samples=samples)):
        zoo.save_artifact(model, artifact, samples=samples)
        program.succeed("verify", artifact)
    assert zoo.load_artifact(artifact).manifest["streamable"] is False


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"horizon": 50}, "horizon must be a multiple of segment_size=48, got 50"),
        ({"hidden_size": 21}, "hidden_size must be even"),
        ({"input_size": 3}, "input_size and num_variables must agree, got 3 and 7"),
        ({"cell": "lstm"}, "is one gru layer in one direction"),
        ({"highway_window": 50, "highway_period": 24}, "must be multiples of highway_period=24, got 96 and 50"),
        ({"highway_period": 0}, "highway_period must be a whole number >= 1, got 0"),
        ({"highway_window": -1}, "highway_window must be a whole number >= 0, got -1"),
        ({"seasonal_share": 0.2}, "seasonal_share=0.2 is a mean over highway_window, which is 0"),
        ({"seasonal_share": 1.0}, "seasonal_share must be at least 0 and less than 1, got 1.0"),
        ({"segment_size": 0}, "segment_size must be a whole number >= 1, got 0"),
        ({"batch_first": False}, "takes float features with batch_first=True"),
    ],
)
def test_configurations_are_checked(fields: dict[str, Any], words: str) -> None:
    good = {"input_size": 7, "num_variables": 7, "horizon": 96}
    with pytest.raises(ConfigError, match=words):
        SegmentForecasterConfig(**{**good, **fields})
