"""Model files that cannot be used: each ends in its exit status and one line that says what it is."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from support.program import (
    BAD_DATA,
    NO_INPUT,
    NO_PERMISSION,
    Outcome,
    Program,
)
from support.real_input import quiet_input
from support.small_models import build_small

from zoo.artifact import torchscript

WAY_OUT = "(a state dict), not TorchScript; save the model with zoo.save_artifact (zoo script NAME --weights FILE"


def missing(path: Path, model: Path) -> None:
    pass


def empty(path: Path, model: Path) -> None:
    path.write_bytes(b"")


def truncated(path: Path, model: Path) -> None:
    path.write_bytes(model.read_bytes()[:-4000])


def noise(path: Path, model: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(4000))


def directory(path: Path, model: Path) -> None:
    path.mkdir()


def state_dict(path: Path, model: Path) -> None:
    torch.save(build_small("lstm_tagger").state_dict(), path)


def old_state_dict(path: Path, model: Path) -> None:
    torch.save(build_small("lstm_tagger").state_dict(), path, _use_new_zipfile_serialization=False)


def safetensors(path: Path, model: Path) -> None:
    save_file(build_small("lstm_tagger").state_dict(), path)


def newer_format(path: Path, model: Path) -> None:
    manifest = json.dumps({"format_version": 99}).encode()
    with path.open("wb") as file:
        torchscript.save(torchscript.script(build_small("lstm_tagger")), file, {"zoo_manifest.json": manifest})


def no_json(path: Path, model: Path) -> None:
    with path.open("wb") as file:
        torchscript.save(torchscript.script(build_small("lstm_tagger")), file, {"zoo_manifest.json": b"{"})


@pytest.mark.parametrize(
    ("spoil", "status", "words"),
    [
        (missing, NO_INPUT, "/model.pt': no such file"),
        (empty, BAD_DATA, "the model file is empty (0 bytes)"),
        (truncated, BAD_DATA, "the model file is truncated or damaged"),
        (noise, BAD_DATA, "not TorchScript: it does not begin as a zip archive (4000 bytes)"),
        (directory, NO_INPUT, "it is a directory"),
        (state_dict, BAD_DATA, f"a zip file of weights {WAY_OUT}"),
        (old_state_dict, BAD_DATA, f"a pickled file of weights {WAY_OUT}"),
        (safetensors, BAD_DATA, f"a safetensors file {WAY_OUT}"),
        (newer_format, BAD_DATA, "format_version is 99, this version reads 1"),
        (no_json, BAD_DATA, "the model's manifest is not usable: it is not valid JSON"),
    ],
)
def test_bad_model(
    spoil: Callable[[Path, Path], None],
    status: int,
    words: str,
    models: dict[str, Path],
    refuse: Callable[..., Outcome],
    tmp_path: Path,
) -> None:
    path = tmp_path / "model.pt"
    spoil(path, models["float"])
    refuse(status, words, path, quiet_input(tmp_path))


def test_no_permission(models: dict[str, Path], program: Program, tmp_path: Path) -> None:
    model = tmp_path / "model.pt"
    model.write_bytes(models["float"].read_bytes())
    model.chmod(0)
    command = [program.path, "info", str(model)]
    if os.geteuid() == 0:  # root may read everything, unless it gives that up
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (NO_PERMISSION, ""), done.stderr
    assert done.stderr.startswith("cpp_runner: error: ")


def test_a_flipped_bit_anywhere_is_noticed(
    models: dict[str, Path], refuse: Callable[..., Outcome], program: Program, tmp_path: Path
) -> None:
    """Bits of weights, code, golden samples and directory; a flip that changes nothing must change no output."""
    content = models["float"].read_bytes()
    inputs = quiet_input(tmp_path)
    expected = program.output(models["float"], inputs, folder=tmp_path)
    rng = np.random.default_rng(1)
    path, refused = tmp_path / "flipped.pt", 0
    for place in rng.integers(0, len(content), 40):
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(flipped)
        outcome = program(path, inputs, "-o", tmp_path / "output.npy")
        assert outcome.status in (0, BAD_DATA), outcome
        refused += outcome.status == BAD_DATA
        if outcome.status == 0:  # padding between records
            assert np.array_equal(np.load(tmp_path / "output.npy"), expected)
    assert refused >= 30


def test_another_hash_than_asked_for(models: dict[str, Path], refuse: Callable[..., Outcome], tmp_path: Path) -> None:
    refuse(BAD_DATA, "expected another one (--sha256)", models["float"], quiet_input(tmp_path), "--sha256", "0" * 64)
