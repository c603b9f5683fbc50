"""A diagnosis as pictures, one for each question; matplotlib comes with `recurrent-zoo[train]`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zoo.diagnostics.diagnosis import Diagnosis
from zoo.diagnostics.gates import GateSummary

# Norms of 0 have no place on a logarithmic axis.
LEAST = 1e-12


def draw_diagnosis(diagnosis: Diagnosis, folder: Path) -> list[Path]:
    """Write the pictures into a folder, which is created if it does not exist, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {
        "gradient_norms": _draw_bars(diagnosis.gradient_norms, "2-norm of the gradient", log=True),
        "gradients_through_time": _draw_curves(
            diagnosis.gradients_through_time, "2-norm of the gradient of the state after a step", log=True
        ),
        "hidden_norms": _draw_curves(diagnosis.hidden_norms, "2-norm of h after a step", log=False),
    }
    if diagnosis.gates:
        drawn["gates"] = _draw_gates(diagnosis.gates)
    if diagnosis.spectral_radii:
        drawn["spectral_radii"] = _draw_bars(diagnosis.spectral_radii, "spectral radius", log=False, line=1.0)
    if diagnosis.gradient_errors:
        title = "relative error of the gradient, float64"
        drawn["gradient_errors"] = _draw_bars(diagnosis.gradient_errors, title, log=True)
    paths = []
    for name, figure in drawn.items():
        paths.append(folder / f"{name}.png")
        figure.savefig(paths[-1], dpi=120)
    return paths


def _new_figure(width: float, height: float) -> Any:
    # The object interface: pyplot would look for a display and never free the figure.
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _draw_bars(values: Mapping[str, float], title: str, *, log: bool, line: float | None = None) -> Any:
    figure = _new_figure(9, 1.2 + 0.24 * len(values))
    axes = figure.add_subplot()
    places = range(len(values))
    axes.barh(places, [max(value, LEAST) if log else value for value in values.values()])
    axes.set_yticks(places, list(values), fontsize=7)
    axes.invert_yaxis()
    if log:
        axes.set_xscale("log")
    if line is not None:
        axes.axvline(line, color="black", linewidth=1)
    axes.set_xlabel(title)
    axes.grid(axis="x", alpha=0.3)
    return figure


def _draw_curves(curves: Mapping[str, Sequence[float]], title: str, *, log: bool) -> Any:
    figure = _new_figure(9, 4.5)
    axes = figure.add_subplot()
    for name, curve in curves.items():
        steps = range(1, len(curve) + 1)
        marker = "o" if len(curve) == 1 else None
        axes.plot(steps, [max(value, LEAST) if log else value for value in curve], marker=marker, label=name)
    if log:
        axes.set_yscale("log")
    axes.set(xlabel="step", ylabel=title)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7)
    return figure


def _draw_gates(gates: Mapping[str, GateSummary]) -> Any:
    """A row for each layer."""
    layers = list(dict.fromkeys(name.rpartition(".")[0] for name in gates))
    of_layer = {layer: [name for name in gates if name.rpartition(".")[0] == layer] for layer in layers}
    columns = max(map(len, of_layer.values()))
    figure = _new_figure(2.6 * max(columns, 2), 2.0 * len(layers))
    places = [(r * columns + c + 1, name) for r, layer in enumerate(layers) for c, name in enumerate(of_layer[layer])]
    for place, name in places:
        gate = gates[name]
        axes = figure.add_subplot(len(layers), columns, place)
        axes.stairs(gate.counts, gate.edges, fill=True)
        ends = f"{gate.low:.0%} low" + ("" if gate.high is None else f", {gate.high:.0%} high")
        layer, _, last = name.rpartition(".")
        axes.set_title(f"{layer}\n{last} ({gate.function}): {ends}", fontsize=7)
        axes.set_yticks([])
        axes.tick_params(labelsize=7)
    return figure
