"""The peers that read an ONNX model: ONNX Runtime and OpenVINO.

Each is called in its fastest way from Python. For ONNX Runtime that is IO binding: a step of a small net took 4.8
microseconds, and 8.6 with `run`. For OpenVINO it is one request whose tensors share memory with numpy arrays, called
with `infer`: `start_async` and `wait` took 1.5 times as long.
"""

from __future__ import annotations

import functools
from typing import Any

import zoo
from zoo.benchmark.workload import Arrays, Prepared, Workload


def onnxruntime_float32(workload: Workload, threads: int) -> Prepared:
    return _prepare_onnxruntime(onnx_bytes(workload), workload, threads)


def onnxruntime_int8(workload: Workload, threads: int) -> Prepared:
    """Weights in int8, with one scale for each channel; activations are quantized at each call."""
    case = workload.case
    model = zoo.layers_to_onnx(workload.layers, case.seq_len, case.batch_size, int8=True)
    return _prepare_onnxruntime(model, workload, threads)


def openvino_float32(workload: Workload, threads: int) -> Prepared:
    return _prepare_openvino(workload, threads, {"INFERENCE_PRECISION_HINT": "f32"})


def openvino_default(workload: Workload, threads: int) -> Prepared:
    """The precision is OpenVINO's choice."""
    return _prepare_openvino(workload, threads, {})


@functools.lru_cache(maxsize=1)
def onnx_bytes(workload: Workload) -> bytes:
    """Return native recurrent nodes in fixed sizes; both runtimes are fastest with these."""
    return zoo.layers_to_onnx(workload.layers, workload.case.seq_len, workload.case.batch_size)


def _prepare_onnxruntime(model: bytes, workload: Workload, threads: int) -> Prepared:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    to_value = onnxruntime.OrtValue.ortvalue_from_numpy
    inputs = [to_value(array) for array in workload.arrays()]
    outputs = [to_value(array) for array in workload.empty_outputs()]
    for name, value in zip(workload.input_names, inputs, strict=True):
        binding.bind_ortvalue_input(name, value)
    for name, value in zip(workload.output_names, outputs, strict=True):
        binding.bind_ortvalue_output(name, value)
    run = session.run_with_iobinding

    def call() -> object:
        return run(binding)

    def results() -> Arrays:
        run(binding)
        return [value.numpy().copy() for value in outputs]

    return Prepared(call, results)


@functools.cache
def _core() -> Any:
    import openvino

    return openvino.Core()


def _prepare_openvino(workload: Workload, threads: int, precision: dict[str, str]) -> Prepared:
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
