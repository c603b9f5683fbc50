"""Does an ONNX file give Python's numbers? Its golden samples whole, in chunks, row by row and in larger batches."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from zoo.config.tensor_spec import BATCH, SEQ_LEN
from zoo.onnx_export.running import TOLERANCES, OnnxModel, load_onnx

CHUNKS = (1, 7, 16)  # as `cpp_runner verify` takes them


@dataclass(frozen=True)
class Comparison:
    """One golden sample, run in one way.

    Args:
        sample: its name.
        way: "whole", "chunks of 7", "row 2 alone" or "batch twice".
        worst: the largest absolute difference of an output or state from Python's.
        worst_part: how much of its tolerance the worst value takes: above 1 it fails.
        name: of the output or state with that value.
    """

    sample: str
    way: str
    worst: float
    worst_part: float
    name: str

    @property
    def passed(self) -> bool:
        return self.worst_part <= 1.0


def verify_onnx(path: str | os.PathLike[str]) -> list[Comparison]:
    """Run the golden samples of an ONNX file in ONNX Runtime, and compare them with what Python gave.

    The tolerances of a float file are those that `cpp_runner verify` has for its fused engine, which sums in its own
    order, too. A file with 8-bit weights has its own golden samples. In chunks and in other batches it may move as far
    as its recipe, because one scale for the activations depends on the whole batch.

    Raises:
        FileNotFoundError: no such file.
        OnnxError: ONNX Runtime cannot load it, or another program wrote it.
    """
    return compare(load_onnx(path))


def compare(model: OnnxModel) -> list[Comparison]:
    """Compare a model with its golden samples, in every way that it can run."""
    return [_judge(model, *run) for run in _runs(model)]


Run = tuple[str, str, Sequence[Tensor], Sequence[Tensor], str]  # sample, way, results, expected, the tolerance's name


def _runs(model: OnnxModel) -> Iterator[Run]:
    manifest = model.manifest
    time_axis = 1 - model.batch_axis
    output_dims = manifest["outputs"][0]["dims"]
    for entry in manifest["golden"]:
        name = entry["name"]
        input, recorded = _tensor(model, entry["input"]), [_tensor(model, entry["output"])]
        recorded += [_tensor(model, path) for path in entry["state"]]
        lengths = None if entry["lengths"] is None else _tensor(model, entry["lengths"])
        yield name, "whole", _flat(model(input, lengths)), recorded, "whole"
        if model.takes_state and lengths is None:
            for chunk in CHUNKS:
                yield (
                    name,
                    f"chunks of {chunk}",
                    _in_chunks(model, input, chunk, time_axis, output_dims),
                    recorded,
                    "regrouped",
                )
        if not manifest["rows_independent"]:
            continue
        for row in range(input.shape[model.batch_axis]):
            steps = input.shape[time_axis] if lengths is None else int(lengths[row])
            if steps == 0:  # it has nothing to run
                continue
            alone = input.narrow(model.batch_axis, row, 1).narrow(time_axis, 0, steps)
            expected = [
                part.narrow(dims.index(BATCH), row, 1) for part, dims in zip(recorded, _dims(manifest), strict=True)
            ]
            if SEQ_LEN in output_dims:
                expected[0] = expected[0].narrow(output_dims.index(SEQ_LEN), 0, steps)
            yield name, f"row {row} alone", _flat(model(alone)), expected, "regrouped"
        twice = None if lengths is None else torch.cat([lengths, lengths])
        doubled = [
            torch.cat([part, part], dims.index(BATCH)) for part, dims in zip(recorded, _dims(manifest), strict=True)
        ]
        again = torch.cat([input, input], model.batch_axis)
        yield name, "batch twice", _flat(model(again, twice)), doubled, "regrouped"


def _tensor(model: OnnxModel, path: str) -> Tensor:
    return torch.from_numpy(model.files[path])


def _flat(result: tuple[Tensor, list[Tensor]]) -> list[Tensor]:
    return [result[0], *result[1]]


def _dims(manifest: dict[str, Any]) -> list[list[Any]]:
    return [manifest["outputs"][0]["dims"], *[part["dims"] for part in manifest["state"]]]


def _in_chunks(model: OnnxModel, input: Tensor, chunk: int, time_axis: int, output_dims: list[Any]) -> list[Tensor]:
    state: list[Tensor] | None = None
    outputs = []
    for part in input.split(chunk, time_axis):
        output, state = model(part, None, state)
        outputs.append(output)
    assert state is not None, "an input has at least one step"
    whole = torch.cat(outputs, output_dims.index(SEQ_LEN)) if SEQ_LEN in output_dims else outputs[-1]
    return [whole, *state]


def _judge(
    model: OnnxModel, sample: str, way: str, got: Sequence[Tensor], expected: Sequence[Tensor], which: str
) -> Comparison:
    """Compare the results of one run: each value by the tolerance of its tensor and by that of its feature."""
    tolerance = model.manifest[TOLERANCES][which]
    worst, part, where = 0.0, 0.0, "output"
    for name, a, b in zip(["output", *model.state_names], got, expected, strict=True):
        if a.shape != b.shape:
            return Comparison(sample, way, float("inf"), float("inf"), name)
        if not a.numel():
            continue
        values = b.double()
        spread = float(values.max() - values.min())
        atol = max(tolerance["atol"], tolerance["of_range"] * max(1.0, spread), tolerance["atol_of"].get(name, 0.0))
        distance = (a.double() - values).abs()
        allowed = atol + tolerance["rtol"] * values.abs()
        if (cap := _feature_cap(model.manifest, tolerance, name)) is not None:
            allowed = allowed.reshape(-1, len(cap)).minimum(cap).reshape(values.shape)
        taken = float((distance / allowed).max())
        if not taken <= part:  # NaN is no number that passes
            part, where = taken, name
        worst = max(worst, float(distance.max()))
    return Comparison(sample, way, worst, part, where)


def _feature_cap(manifest: dict[str, Any], tolerance: dict[str, Any], name: str) -> Tensor | None:
    """Return how far the features of an output or state may be off, whatever the tensor's tolerance; None: any."""
    feature = manifest.get("features", {}).get(name, {})
    caps = [
        factor * torch.tensor(feature[measured], dtype=torch.float64)
        for key, measured in (("of_rounding", "rounding"), ("of_feature_range", "range"))
        if (factor := tolerance.get(key, 0.0)) and measured in feature
    ]
    return torch.stack(caps).amin(0) if caps else None
