"""ONNX files with 8-bit weights by ONNX Runtime's quantizer: small, within the limits of the recipes, or refused."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from support.small_models import build_small

import zoo
from zoo.artifact.tolerances import ErrorLimit
from zoo.onnx_export import int8


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[zoo.Model, Path, Path]:
    """A model with its float and its 8-bit file."""
    folder = tmp_path_factory.mktemp("int8")
    model = build_small("lstm_classifier", hidden_size=128, vocab_size=64)
    with torch.no_grad():
        zoo.export_onnx(model, folder / "float.onnx")
        zoo.export_onnx(model, folder / "int8.onnx", int8=True)
    return model, folder / "float.onnx", folder / "int8.onnx"


def test_the_file_is_small_and_says_what_it_is(files: tuple[zoo.Model, Path, Path]) -> None:
    model, before, after = files
    assert after.stat().st_size < 0.35 * before.stat().st_size  # with its golden samples, which stay in float
    record = zoo.load_onnx(after).manifest["quantization"]
    assert record["recipe"] == "onnx_int8"
    assert sorted(record["layers"].values()) == ["Gather", "LSTM", "LSTM", "MatMul"]
    assert 0 < record["error"]["rms_of_std"] < 0.02
    assert record["long_error"]["steps"] == 10_000
    tokens = torch.randint(0, 64, (3, 40))
    output, expected = zoo.load_onnx(after)(tokens)[0], model(tokens)[0]
    assert (output - expected).abs().max() < 0.04 * (expected.max() - expected.min())


def test_the_file_is_verified_against_its_own_numbers(files: tuple[zoo.Model, Path, Path], tmp_path: Path) -> None:
    after = files[2]
    assert all(one.passed for one in zoo.verify_onnx(after))

    def fails(change: Any, dtype: int) -> bool:
        proto = onnx.load(after)
        found = [t for t in proto.graph.initializer if t.data_type == dtype and "rnn.l0.R" in t.name]
        tensor = max(found, key=lambda t: len(t.raw_data))  # its zero points are 8-bit too
        array = change(onnx.numpy_helper.to_array(tensor).copy())
        tensor.CopyFrom(onnx.numpy_helper.from_array(array, tensor.name))
        onnx.save(proto, tmp_path / "damaged.onnx")
        return not all(one.passed for one in zoo.verify_onnx(tmp_path / "damaged.onnx"))

    assert fails(lambda scale: scale * np.float32(1.02), onnx.TensorProto.FLOAT)
    assert fails(lambda weights: weights[..., ::-1].copy(), onnx.TensorProto.INT8)


def test_what_cannot_be_quantized_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.onnx"
    with pytest.raises(
        zoo.OnnxError, match="quantizes LSTM nodes, linear layers and embeddings, and the model has none"
    ):
        zoo.export_onnx(build_small("gru_encoder"), path, int8=True)
    with pytest.raises(
        zoo.OnnxError, match=r"leave the file at \d+% of its size: ONNX Runtime has no 8-bit form of GRU"
    ):
        zoo.export_onnx(build_small("gru_tagger"), path, int8=True)
    monkeypatch.setattr(int8, "INT8_LIMIT", ErrorLimit(0.04, 1e-5))
    with pytest.raises(
        zoo.OnnxError, match=r"8-bit weights \(LSTM, MatMul\) move the outputs by .* write the float model"
    ):
        zoo.export_onnx(build_small("lstm_tagger"), path, int8=True)
    assert not path.exists()
