"""What a model costs: parameters, multiply-adds per step, and bytes in each precision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import nn

from zoo.artifact.parametrization import copy_module, make_plain_
from zoo.config.precision import BYTES_PER_WEIGHT
from zoo.errors import ArgumentError
from zoo.init.layers import find_cell
from zoo.quantized_parts import find_quantization

TAKEN = "give the float model in Python, before it is quantized or scripted"


@dataclass(frozen=True)
class LayerSummary:
    """One layer: one direction of a recurrent layer, a linear layer, an embedding.

    Args:
        name: of the submodule.
        type: of the layer, such as "LSTM".
        parameters: weights and biases; those that a layer before has, too, count there alone.
        macs_per_step: multiply-adds for one step of one row; the elementwise work of the gates is not counted.
    """

    name: str
    type: str
    parameters: int
    macs_per_step: int


@dataclass(frozen=True)
class Summary:
    """All layers of a model; `str` gives a table."""

    layers: list[LayerSummary]

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)

    @property
    def macs_per_step(self) -> int:
        return sum(layer.macs_per_step for layer in self.layers)

    @property
    def bytes(self) -> dict[str, int]:
        """Bytes of all parameters in each precision, without per-channel scales."""
        return {name: self.parameters * size for name, size in BYTES_PER_WEIGHT.items()}

    def __str__(self) -> str:
        width = max([len(layer.name) for layer in self.layers] + [5])
        line = f"{{:{width}}}  {{:>10}}  {{:>12}}  {{:>12}}"
        rows = [line.format("layer", "type", "parameters", "macs/step")]
        rows += [
            line.format(layer.name, layer.type, f"{layer.parameters:,}", f"{layer.macs_per_step:,}")
            for layer in self.layers
        ]
        rows.append(line.format("total", "", f"{self.parameters:,}", f"{self.macs_per_step:,}"))
        rows.append("bytes: " + ", ".join(f"{name} {size:,}" for name, size in self.bytes.items()))
        return "\n".join(rows)


def summary(model: nn.Module) -> Summary:
    """Count parameters and multiply-adds, layer by layer.

    Args:
        model: an eager float module. The weights of a quantized one are not in PyTorch's parameter lists. Weights that
            it computes from others, as under `weight_norm`, count as they are used.

    Returns:
        A `Summary` with a row for each layer, and for each direction of a recurrent layer.

    Raises:
        ArgumentError: the module has no parameters to count, or not all of them are in PyTorch's lists.
    """
    if not isinstance(model, nn.Module):
        raise ArgumentError(f"expected a torch.nn.Module, got {type(model).__name__}")
    if any(isinstance(part, torch.jit.ScriptModule) for part in model.modules()):
        raise ArgumentError(f"the module is scripted, which hides what its layers are; {TAKEN}")
    done = find_quantization(model)
    if done is not None:
        raise ArgumentError(f"the module is quantized by {done.recipe!r}, which hides its weights; {TAKEN}")
    plain = copy_module(model)
    make_plain_(plain)
    counted: set[int] = set()
    layers = [row for name, module in plain.named_modules() for row in _summarise(name, module, counted)]
    if not layers:
        raise ArgumentError(f"the module has no parameters; {TAKEN}")
    return Summary(layers)


def _count(parts: Iterable[nn.Parameter], counted: set[int]) -> int:
    """Return how many numbers are in weights that no layer before has, and note these."""
    new = [part for part in parts if id(part) not in counted]
    counted |= {id(part) for part in new}
    return sum(part.numel() for part in new)


def _summarise(name: str, module: nn.Module, counted: set[int]) -> Iterator[LayerSummary]:
    own = dict(module.named_parameters(recurse=False))
    if isinstance(module, nn.RNNBase):
        for suffix in module._all_weights:
            parts = [own[part] for part in suffix]
            macs = sum(part.numel() for part in parts if part.dim() == 2)
            direction = suffix[0].removeprefix("weight_ih_")
            yield LayerSummary(
                f"{name}.{direction}" if name else direction,
                type(module).__name__,
                _count(parts, counted),
                macs,
            )
    elif find_cell(module) is not None:
        macs = sum(part.numel() for part in own.values() if part.dim() == 2)
        yield LayerSummary(name, type(module).__name__, _count(own.values(), counted), macs)
    elif own:
        # Linear layers and convolutions multiply each weight once; an embedding only looks up.
        weight = None if isinstance(module, nn.Embedding) else own.get("weight")
        macs = weight.numel() if weight is not None and weight.dim() > 1 else 0
        yield LayerSummary(name, type(module).__name__, _count(own.values(), counted), macs)
