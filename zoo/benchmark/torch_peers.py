"""The engine, bound to its tensors or in a scripted and frozen module; stock LibTorch in such a module."""

from __future__ import annotations

from collections.abc import Callable

import torch

import zoo
from zoo.benchmark.prepared import Prepared
from zoo.benchmark.workload import Arrays, Workload
from zoo.ops import pack
from zoo.ops.bound import BoundCall


def libtorch(workload: Workload, threads: int) -> Prepared:
    """The model scripted and frozen, as its users do."""
    del threads  # torch's own setting, one for the process
    return _calls(torch.jit.freeze(torch.jit.script(workload.model)), workload)


def engine(precision: str) -> Callable[[Workload, int], Prepared]:
    """The fused engine on the same weights, in a precision."""

    def prepare(workload: Workload, threads: int) -> Prepared:
        del threads
        input, *states = workload.inputs
        call = BoundCall(pack(workload.layers, precision), input, states)

        def results() -> Arrays:
            call()
            return [tensor.numpy().copy() for tensor in call.results]

        return Prepared(call, results)

    return prepare


def scripted_engine(workload: Workload, threads: int) -> Prepared:
    """The very module that LibTorch runs, accelerated."""
    del threads
    return _calls(zoo.accelerate(torch.jit.script(workload.model)), workload)


def _calls(frozen: torch.jit.ScriptModule, workload: Workload) -> Prepared:
    forward, inputs = frozen.forward, workload.inputs

    def call() -> object:
        return forward(*inputs)

    def results() -> Arrays:
        return [tensor.numpy().copy() for tensor in forward(*inputs)]

    return Prepared(call, results)
