"""The contestants. Each is prepared for one workload, checked, and then called many times.

All are called from Python, on inputs that are already in memory, in the fastest way that each of them offers. The
engine, ONNX Runtime and OpenVINO are bound to their inputs and outputs once. LibTorch runs a frozen scripted module;
`engine script` is the engine in the same way.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from zoo.benchmark import onnx_peers, torch_contestants
from zoo.benchmark.workload import Prepared, Workload
from zoo.config.cells import CELLS
from zoo.config.precision import Precision

ENGINE: dict[Precision, str] = {"fp32": "engine", "bf16": "engine bf16", "int8": "engine int8"}
ENGINE_SCRIPT = "engine script"
LIBTORCH, ORT, ORT_INT8 = "LibTorch", "ONNX Runtime", "ONNX Runtime int8"
OPENVINO, OPENVINO_DEFAULT = "OpenVINO", "OpenVINO default"

# Largest difference from the eager model in float32, as a share of the output's range.
_TOLERANCES: dict[Precision, float] = {"fp32": 1e-4, "bf16": 0.02, "int8": 0.04}


@dataclass(frozen=True)
class Contestant:
    """A way to run a workload.

    Args:
        name: in tables and files.
        precision: of its weights; it is compared with the engine in the same precision.
        prepare: returns it prepared, from (workload, threads).
        cells: those on which it differs from the other contestants.
        package: what it needs besides this package; "" if nothing.
    """

    name: str
    precision: Precision
    prepare: Callable[[Workload, int], Prepared]
    cells: tuple[str, ...] = tuple(CELLS)
    package: str = ""

    def prepare_checked(self, workload: Workload, threads: int) -> Prepared:
        """Prepare the contestant, and check its results.

        Raises:
            DisagreementError: LibTorch computes something else.
        """
        prepared = self.prepare(workload, threads)
        workload.check(self.name, prepared.results(), _TOLERANCES[self.precision])
        return prepared


CONTESTANTS = (
    Contestant(ENGINE["fp32"], "fp32", torch_contestants.engine("fp32")),
    Contestant(ENGINE["bf16"], "bf16", torch_contestants.engine("bf16")),
    Contestant(ENGINE["int8"], "int8", torch_contestants.engine("int8")),
    Contestant(ENGINE_SCRIPT, "fp32", torch_contestants.scripted_engine),
    Contestant(LIBTORCH, "fp32", torch_contestants.libtorch),
    Contestant(ORT, "fp32", onnx_peers.onnxruntime_float32, package="onnxruntime"),
    # Its dynamic quantization leaves GRU and RNN in float32.
    Contestant(ORT_INT8, "int8", onnx_peers.onnxruntime_int8, cells=("lstm",), package="onnxruntime"),
    Contestant(OPENVINO, "fp32", onnx_peers.openvino_float32, package="openvino"),
    # It computes in bfloat16 by default on a processor with bfloat16 instructions.
    Contestant(OPENVINO_DEFAULT, "bf16", onnx_peers.openvino_default, package="openvino"),
)


def installed(contestants: Sequence[Contestant] = CONTESTANTS) -> tuple[list[Contestant], list[str]]:
    """Return the contestants that can run here, and a line about each of the rest."""
    present, absent = [], []
    for contestant in contestants:
        packages = [contestant.package, "onnx"] if contestant.package else []
        missing = [name for name in packages if importlib.util.find_spec(name) is None]
        if missing:
            names = ", ".join(missing)
            absent.append(f"{contestant.name} is left out: {names} not installed (pip install 'recurrent-zoo[bench]')")
        else:
            present.append(contestant)
    return present, absent


def all_names(contestants: Collection[Contestant] = CONTESTANTS) -> frozenset[str]:
    return frozenset(contestant.name for contestant in contestants)
