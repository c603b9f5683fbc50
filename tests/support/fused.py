"""What the tests of the fused operators share: modules, their packed weights, both ways to run them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from zoo.ops import engine_tables, operators

ops = operators()

CELLS = tuple(cell["name"] for cell in engine_tables()["cells"])


def make_module(cell: str, input_size: int, hidden_size: int, **options) -> nn.RNNBase:
    """A float32 module with weights large enough to make gates saturate now and then."""
    if cell.startswith("rnn"):
        module = nn.RNN(input_size, hidden_size, nonlinearity=cell[4:], **options)
    else:
        module = {"lstm": nn.LSTM, "gru": nn.GRU}[cell](input_size, hidden_size, **options)
    return module.requires_grad_(False)


def make_states(module: nn.RNNBase, batch: int) -> tuple[Tensor, ...]:
    layers = module.num_layers * (2 if module.bidirectional else 1)
    h_0 = torch.randn(layers, batch, module.proj_size or module.hidden_size)
    if isinstance(module, nn.LSTM):
        return h_0, torch.randn(layers, batch, module.hidden_size)
    return (h_0,)


def operator_name(module: nn.RNNBase) -> str:
    return type(module).__name__.lower()


def run_fused(module: nn.RNNBase, input: Tensor | PackedSequence, states: tuple[Tensor, ...], packed: Tensor):
    if isinstance(input, PackedSequence):
        operator = getattr(ops, operator_name(module) + "_packed_sequence")
        return operator(input.data, input.batch_sizes, *states, packed, module.bidirectional)
    return getattr(ops, operator_name(module))(input, *states, packed, module.bidirectional, module.batch_first)


def run_double(module: nn.RNNBase, input: Tensor | PackedSequence, states: tuple[Tensor, ...]):
    """The module's own result in float64, flattened like the operator's."""
    double = type(module)(*module_sizes(module), **module_options(module), dtype=torch.float64).requires_grad_(False)
    double.load_state_dict(module.state_dict())
    states = tuple(state.double() for state in states)
    output, final = double(input.to(torch.float64), states if len(states) > 1 else states[0])
    if isinstance(output, PackedSequence):
        output = output.data
    return (output, *final) if isinstance(final, tuple) else (output, final)


def module_sizes(module: nn.RNNBase) -> tuple[int, int]:
    return module.input_size, module.hidden_size


def module_options(module: nn.RNNBase) -> dict:
    options = {name: getattr(module, name) for name in ("num_layers", "bias", "batch_first", "bidirectional")}
    if isinstance(module, nn.LSTM):
        options["proj_size"] = module.proj_size
    if isinstance(module, nn.RNN):
        options["nonlinearity"] = module.nonlinearity
    return options


def worst_error(results, expected) -> float:
    """Largest difference, as a share of the largest expected value."""
    return max(
        ((a.double() - b).abs().max() / b.abs().max().clamp(min=1e-30)).item()
        for a, b in zip(results, expected, strict=True)
    )
