"""What a model costs: parameters, multiply-adds per step, and bytes in each precision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn

from zoo.config.precision import BYTES_PER_WEIGHT
from zoo.init.layers import find_cell


@dataclass(frozen=True)
class LayerSummary:
    """One layer: one direction of a recurrent layer, a linear layer, an embedding.

    Args:
        name: of the submodule.
        type: of the layer, such as "LSTM".
        parameters: weights and biases.
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
        model: an eager float module. The weights of a quantized one are not in PyTorch's parameter lists.

    Returns:
        A `Summary` with a row for each layer, and for each direction of a recurrent layer.

    Raises:
        ValueError: the module has no parameters to count.
    """
    layers = [row for name, module in model.named_modules() for row in _summarise(name, module)]
    if not layers:
        raise ValueError("the module has no parameters: summarise the float model, before quantizing or scripting")
    return Summary(layers)


def _summarise(name: str, module: nn.Module) -> Iterator[LayerSummary]:
    own = dict(module.named_parameters(recurse=False))
    if isinstance(module, nn.RNNBase):
        for suffix in module._all_weights:
            parts = [own[part] for part in suffix]
            macs = sum(part.numel() for part in parts if part.dim() == 2)
            direction = suffix[0].removeprefix("weight_ih_")
            yield LayerSummary(
                f"{name}.{direction}" if name else direction,
                type(module).__name__,
                sum(part.numel() for part in parts),
                macs,
            )
    elif find_cell(module) is not None:
        macs = sum(part.numel() for part in own.values() if part.dim() == 2)
        yield LayerSummary(name, type(module).__name__, sum(p.numel() for p in own.values()), macs)
    elif own:
        # Linear layers and convolutions multiply each weight once; an embedding only looks up.
        weight = None if isinstance(module, nn.Embedding) else own.get("weight")
        macs = weight.numel() if weight is not None and weight.dim() > 1 else 0
        yield LayerSummary(name, type(module).__name__, sum(p.numel() for p in own.values()), macs)
