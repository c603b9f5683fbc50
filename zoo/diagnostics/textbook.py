"""PyTorch's recurrent layers, written out from the textbook's equations so that every step can be seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from zoo.config import CELLS
from zoo.models.padding import step_mask
from zoo.models.written import CellLayer
from zoo.models.zoneout import Zoneout
from zoo.ops import reference


class TextbookCell(nn.Module):
    """One layer and direction of an `nn.LSTM`, `nn.GRU` or `nn.RNN`, with its own parameters, one step at a time."""

    def __init__(self, layer: nn.RNNBase, suffix: str) -> None:
        super().__init__()
        self.equation = layer.mode.lower()
        self.cell, self.hidden_size, self.bias = self.equation.partition("_")[0], layer.hidden_size, layer.bias
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"):
            self.register_parameter(name, getattr(layer, name + suffix, None))

    def forward(self, input: Tensor, state: list[Tensor]) -> list[Tensor]:
        weights: list[Any] = [self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh]
        if not self.bias:
            weights[2:] = [input.new_zeros(len(weights[0]))] * 2
        if self.weight_hr is not None:
            weights.append(self.weight_hr)
        return list(reference.CELLS[self.equation](input, tuple(state), weights))


def layer_names(layer: nn.RNNBase) -> Iterator[tuple[str, bool]]:
    """Yield (name, reverse) of each layer and direction, such as ("l0_reverse", True), in the order of the state."""
    for k in range(layer.num_layers):
        yield f"l{k}", False
        if layer.bidirectional:
            yield f"l{k}_reverse", True


def write_out(layer: nn.RNNBase) -> dict[str, CellLayer]:
    """Return each layer and direction as a layer of steps that has the same parameters, by the names above."""
    no_zoneout = Zoneout(0.0, CELLS[layer.mode.lower().partition("_")[0]])
    return {
        name: CellLayer(TextbookCell(layer, f"_{name}"), reverse, no_zoneout).eval()
        for name, reverse in layer_names(layer)
    }


def run_written_out(layer: nn.RNNBase, parts: dict[str, CellLayer], input: Any, hx: Any = None) -> Any:
    """Return what `layer(input, hx)` returns in eval mode, computed step by step.

    Args:
        layer: batch first.
        parts: of `write_out(layer)`.
        input: (B, T, I), or a packed sequence.
        hx: as the layer takes it; None for zeros.
    """
    assert layer.batch_first, "the zoo's layers are"
    lengths = None
    steps = input
    if isinstance(input, PackedSequence):
        steps, lengths = pad_packed_sequence(input, batch_first=True)
    valid = None if lengths is None else step_mask(lengths, steps.size(1), steps.device)
    if hx is None:
        sizes = [layer.proj_size or layer.hidden_size] + [layer.hidden_size] * (layer.mode == "LSTM")
        states = [steps.new_zeros(len(parts), steps.size(0), size) for size in sizes]
    else:
        states = list(hx) if layer.mode == "LSTM" else [hx]
    finals: list[list[Tensor]] = []
    outputs: list[Tensor] = []
    for k, part in enumerate(parts.values()):
        output, final = part(steps, valid, [state[k] for state in states])
        finals.append(final)
        outputs.append(output)
        if len(outputs) == (2 if layer.bidirectional else 1):
            steps = torch.cat(outputs, dim=2)  # (B, T, directions * H)
            outputs = []
    state_n = [torch.stack(parts) for parts in zip(*finals, strict=True)]
    result: Any = steps
    if lengths is not None:
        in_order = input.sorted_indices is None
        result = pack_padded_sequence(steps, lengths, batch_first=True, enforce_sorted=in_order)
    return result, (state_n[0], state_n[1]) if layer.mode == "LSTM" else state_n[0]
