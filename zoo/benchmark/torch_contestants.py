"""The contestants that need nothing but torch: the engine, bound or in a scripted module, and stock LibTorch."""

from __future__ import annotations

from collections.abc import Callable

import torch

import zoo
from zoo.benchmark.workload import Arrays, Prepared, Workload
from zoo.config.precision import Precision
from zoo.ops import pack
from zoo.ops.bound import BoundCall


def libtorch(workload: Workload, threads: int) -> Prepared:
    """The model scripted and frozen, as users of LibTorch do it."""
    del threads  # `kept_to` has set them in torch
    return _calls(torch.jit.freeze(torch.jit.script(workload.model)), workload)


def engine(precision: Precision) -> Callable[[Workload, int], Prepared]:
    """The fused engine on the same weights in this precision."""

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
    """The module that LibTorch runs, accelerated."""
    del threads
    return _calls(zoo.accelerate(torch.jit.script(workload.model)), workload)


def _calls(frozen: torch.jit.ScriptModule, workload: Workload) -> Prepared:
    forward, inputs = frozen.forward, workload.inputs

    def call() -> object:
        return forward(*inputs)

    def results() -> Arrays:
        return [tensor.numpy().copy() for tensor in forward(*inputs)]

    return Prepared(call, results)
