"""OpenVINO, in float32 and in the precision it chooses itself.

One inference request whose input and output tensors share memory with arrays that lie ready; `infer` rather than
`start_async` and `wait`, which took half as long again.
"""

from __future__ import annotations

import functools
from typing import Any

from zoo.benchmark.onnx_model import onnx_bytes
from zoo.benchmark.prepared import Prepared
from zoo.benchmark.workload import Arrays, Workload


def float32(workload: Workload, threads: int) -> Prepared:
    return _prepare(workload, threads, {"INFERENCE_PRECISION_HINT": "f32"})


def default_precision(workload: Workload, threads: int) -> Prepared:
    return _prepare(workload, threads, {})


@functools.cache
def _core() -> Any:
    import openvino

    return openvino.Core()


def _prepare(workload: Workload, threads: int, precision: dict[str, str]) -> Prepared:
    import openvino

    options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, **precision}
    compiled = _core().compile_model(_core().read_model(onnx_bytes(workload)), "CPU", options)
    request = compiled.create_infer_request()
    inputs, outputs = workload.arrays(), workload.empty_outputs()
    for index, array in enumerate(inputs):
        request.set_input_tensor(index, openvino.Tensor(array, shared_memory=True))
    for index, array in enumerate(outputs):
        request.set_output_tensor(index, openvino.Tensor(array, shared_memory=True))

    def call() -> object:
        return request.infer(share_inputs=True, share_outputs=True)

    def results() -> Arrays:
        call()
        return [array.copy() for array in outputs]

    return Prepared(call, results, memory=inputs)
