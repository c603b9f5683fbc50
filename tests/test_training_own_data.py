"""People's own sounds and series: a folder or a file in, a trained model out."""

from pathlib import Path

import pytest
import torch
from support.data_sets import write_wav

from zoo.cli.train import read_override
from zoo.data.source import DataError
from zoo.training.experiment import read_experiment
from zoo.training.tasks import make_task
from zoo.training.trainer import train

SHORT = ["training.max_epochs=30", "training.accelerator=cpu", "training.batch_size=8", "schedule.warmup_steps=2"]


def write_experiment(path: Path, model: str, task: str) -> Path:
    path.write_text(f'name = "mine"\n[model]\nname = "{model}"\n[task]\nname = "{task}"\n')
    return path


def write_tones(folder: Path, count: int) -> Path:
    """Write recordings of high and of low tones, a folder for each."""
    generator = torch.Generator().manual_seed(count)
    folder.mkdir()
    for name, hertz in (("high", 2000), ("low", 400)):
        for k in range(count):
            time = torch.arange(1600 + 80 * k) / 8000
            tone = 8000 * torch.sin(2 * torch.pi * (hertz + 20 * k) * time)
            noise = 200 * torch.randn(len(time), generator=generator)
            write_wav(folder / name / f"{k}.wav", (tone + noise).int().tolist())
    return folder


def write_series(path: Path, count: int) -> Path:
    """Write series of two channels that rise or fall."""
    generator = torch.Generator().manual_seed(count)
    lines = ["@timeStamps false", "@classLabel true falls rises", "@data"]
    for k in range(2 * count):
        slope = 1 if k % 2 else -1
        ramp = slope * torch.arange(8 + k % 5) / 4 + 0.1 * torch.randn(8 + k % 5, generator=generator)
        channels = [",".join(f"{value:.4f}" for value in part.tolist()) for part in (ramp, -2 * ramp)]
        lines.append(":".join([*channels, "rises" if k % 2 else "falls"]))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.autograd
def test_folders_of_sounds(tmp_path: Path) -> None:
    experiment = write_experiment(tmp_path / "mine.toml", "gru_classifier_fsdd", "wav")
    data = [
        f"task.options.train={write_tones(tmp_path / 'a', 10)}",
        f"task.options.test={write_tones(tmp_path / 'b', 4)}",
    ]
    sizes = ["model.overrides.hidden_size=8", "model.overrides.conv_channels=8", "optimizer.learning_rate=0.01"]
    done = train(
        read_experiment(experiment, dict(map(read_override, [*SHORT, *data, *sizes]))), tmp_path / "run", progress=False
    )
    assert done.metrics["test"]["accuracy"] == 1
    assert done.model.config.num_classes == 2


@pytest.mark.autograd
def test_series_files(tmp_path: Path) -> None:
    experiment = write_experiment(tmp_path / "mine.toml", "gru_classifier", "ts")
    files = [write_series(tmp_path / "a.ts", 20), write_series(tmp_path / "b.ts", 6)]
    data = [f"task.options.train={files[0]}", f"task.options.test={files[1]}"]
    sizes = ["model.overrides.hidden_size=8", "model.overrides.standardize=true", "optimizer.learning_rate=0.01"]
    done = train(
        read_experiment(experiment, dict(map(read_override, [*SHORT, *data, *sizes]))), tmp_path / "run", progress=False
    )
    assert done.metrics["test"]["accuracy"] == 1
    assert done.model.config.input_size == 2


def test_data_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"task ts needs task.options.train=PATH"):
        make_task("ts")
    first, second = write_series(tmp_path / "a.ts", 3), write_series(tmp_path / "b.ts", 3)
    second.write_text(second.read_text().replace("rises", "climbs"))
    with pytest.raises(DataError, match=r"training data has the classes \['falls', 'rises'\], test data"):
        make_task("ts", {"train": str(first), "test": str(second)})
