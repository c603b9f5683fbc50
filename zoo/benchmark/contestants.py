"""Who takes part. Each is made ready for one workload, checked, and then called again and again.

All are called from Python, on inputs that lie ready in memory, in the quickest way each of them offers: the engine,
ONNX Runtime and OpenVINO bound to their inputs and outputs once; LibTorch as a frozen scripted module, and the engine
once more in that way, as `engine script`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from zoo.benchmark import onnxruntime_peer, openvino_peer, torch_peers
from zoo.benchmark.prepared import Prepared
from zoo.benchmark.workload import Workload

ENGINE = {"fp32": "engine", "bf16": "engine bf16", "int8": "engine int8"}
ENGINE_SCRIPT = "engine script"
LIBTORCH, ORT, ORT_INT8 = "LibTorch", "ONNX Runtime", "ONNX Runtime int8"
OPENVINO, OPENVINO_DEFAULT = "OpenVINO", "OpenVINO default"

# Largest difference to the eager model in float32, as a share of the output's range.
_TOLERANCES = {"fp32": 1e-4, "bf16": 0.02, "int8": 0.04}


@dataclass(frozen=True)
class Contestant:
    """A way to run a workload.

    Attributes:
        precision: of its weights; the engine in this precision is what it is compared with.
        prepare: makes it ready: (workload, threads).
        kinds: the kinds of cells on which it differs from the others.
        package: what it needs besides this package; "" if nothing.
    """

    name: str
    precision: str
    prepare: Callable[[Workload, int], Prepared]
    kinds: tuple[str, ...] = ("lstm", "gru", "rnn")
    package: str = ""

    def ready(self, workload: Workload, threads: int) -> Prepared:
        """Prepare, and check the results.

        Raises:
            DisagreementError: they are not what LibTorch computes.
        """
        prepared = self.prepare(workload, threads)
        workload.check(self.name, prepared.results(), _TOLERANCES[self.precision])
        return prepared


CONTESTANTS = (
    Contestant(ENGINE["fp32"], "fp32", torch_peers.engine("fp32")),
    Contestant(ENGINE["bf16"], "bf16", torch_peers.engine("bf16")),
    Contestant(ENGINE["int8"], "int8", torch_peers.engine("int8")),
    Contestant(ENGINE_SCRIPT, "fp32", torch_peers.scripted_engine),
    Contestant(LIBTORCH, "fp32", torch_peers.libtorch),
    Contestant(ORT, "fp32", onnxruntime_peer.float32, package="onnxruntime"),
    # Of recurrent layers its dynamic quantization knows the LSTM only.
    Contestant(ORT_INT8, "int8", onnxruntime_peer.dynamic_int8, kinds=("lstm",), package="onnxruntime"),
    Contestant(OPENVINO, "fp32", openvino_peer.float32, package="openvino"),
    # On a processor with bfloat16 instructions it computes in bfloat16 unless told otherwise.
    Contestant(OPENVINO_DEFAULT, "bf16", openvino_peer.default_precision, package="openvino"),
)
