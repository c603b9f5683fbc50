"""The ONNX model of a workload, which ONNX Runtime and OpenVINO both read."""

from __future__ import annotations

import functools
import io
import warnings

import torch

from zoo.benchmark.workload import Workload


@functools.lru_cache(maxsize=1)
def onnx_bytes(workload: Workload) -> bytes:
    """Export with native recurrent nodes and fixed sizes, which is what both runtimes plan best for."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the exporter that knows recurrent nodes
        # They fear for other sizes than those exported; here these are the ones that run.
        warnings.simplefilter("ignore", torch.jit.TracerWarning)
        warnings.filterwarnings("ignore", message="Exporting a model to ONNX with a batch_size other than 1")
        torch.onnx.export(
            workload.model,
            workload.inputs,
            file,  # type: ignore[arg-type]  # this exporter takes files, its annotation does not say so
            input_names=workload.input_names,
            output_names=workload.output_names,
            dynamo=False,
        )
    return file.getvalue()
