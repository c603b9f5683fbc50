"""A stream begins with `initial_state`: it has to be what no state stands for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from zoo.artifact.golden import GoldenSample
from zoo.artifact.repeatability import same
from zoo.artifact.signature import ContractError, Signature, run_contract
from zoo.config.tensor_spec import BATCH


@torch.no_grad()
def check_initial_state(module: Any, golden: Sequence[GoldenSample], signature: Signature) -> None:
    """Run every sample from `initial_state`, and compare with what the model gave without a state.

    Args:
        module: eager, in eval mode, on the CPU.
        golden: its samples, with outputs and states.
        signature: its interface.

    Raises:
        ContractError: `initial_state` is another state, or not a state of this model.
    """
    if not signature.streamable:
        return
    for sample in golden:
        input, lengths = sample.sample.input, sample.sample.lengths
        state = module.initial_state(input.shape[signature.inputs[0].dims.index(BATCH)])
        forms = [[(tensor.dtype, tuple(tensor.shape)) for tensor in tensors] for tensors in (state, sample.state)]
        if forms[0] != forms[1]:
            raise ContractError(
                f"initial_state gives {_describe(state)}, expected {_describe(sample.state)}, as forward returns it"
            )
        output, state_n = run_contract(module, input, lengths, state)
        if not same([output, *state_n], [sample.output, *sample.state]):
            raise ContractError(
                "forward gives something else from initial_state(batch_size) than from state None; let both begin alike"
            )


def _describe(state: Sequence[Tensor]) -> str:
    kinds = [f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}" for tensor in state]
    return "[" + ", ".join(kinds) + "]"
