"""The gates of recurrent layers on real input. A layer whose gates stay at an end of their range learns no more."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from zoo.diagnostics.activations import BOUNDS
from zoo.diagnostics.recording import LayerRun, record_layers

# Within a tenth of the range from an end, as Karpathy et al. 2015, "Visualizing and understanding recurrent networks".
NEAR = 0.1
BINS = 40


@dataclass(frozen=True)
class GateSummary:
    """One gate of one layer over all valid steps and units.

    Args:
        function: that made it, such as "sigmoid".
        mean: of its values.
        low: share of the values within a tenth of the range from its lower end; for relu, of those at 0.
        high: the same at the upper end; None where there is none.
        edges: of the histogram's bins, one more than `counts`.
        counts: values in each bin.
    """

    function: str
    mean: float
    low: float
    high: float | None
    edges: list[float]
    counts: list[int]


def summarise_gate(values: Tensor, function: str) -> GateSummary:
    """Summarise the values of one gate, of any shape; `function` is a key of `BOUNDS`."""
    values = values.flatten().float().cpu()
    bottom, top = BOUNDS[function]
    margin = 0.0 if top is None else NEAR * (top - bottom)
    end = top if top is not None else max(float(values.max()), bottom + 1e-6)
    counts, edges = torch.histogram(values, BINS, range=(bottom, end))
    return GateSummary(
        function,
        float(values.mean()),
        float((values <= bottom + margin).float().mean()),
        None if top is None else float((values >= top - margin).float().mean()),
        edges.tolist(),
        [int(count) for count in counts],
    )


def valid_gates(runs: list[LayerRun]) -> dict[str, tuple[str, Tensor]]:
    """Return (function, values at the valid steps, flat) of every gate, as "layer.gate"."""
    found = {}
    for run in runs:
        functions = {gate.name: gate.function for gate in run.gate_blocks}
        for gate, values in run.gates().items():
            found[f"{run.name}.{gate}"] = functions[gate], values[run.mask(values)].flatten()
    return found


@torch.no_grad()
def record_gates(model: nn.Module, input: Tensor, lengths: Tensor | None = None) -> dict[str, Tensor]:
    """Run a model and return what the gates of each recurrent layer were.

    Args:
        model: an eager float model of `zoo.build`.
        input: a batch, in the model's layout.
        lengths: of the rows, or None.

    Returns:
        "layer.gate" to the values at the valid steps, flat. A gate without a nonlinear function is left out.

    Raises:
        ArgumentError: the model has no recurrent layer that can be watched.
    """
    with record_layers(model) as runs:
        model(input, lengths)
    return {name: values for name, (_, values) in valid_gates(runs).items()}
