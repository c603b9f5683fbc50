"""All that is looked at when a recurrent net does not learn, measured on one batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from zoo.diagnostics.gates import GateSummary, summarise_gate, valid_gates
from zoo.diagnostics.gradient_check import check_gradients
from zoo.diagnostics.recording import LayerRun, record_layers
from zoo.diagnostics.spectra import spectral_radii
from zoo.errors import ArgumentError


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` measured, as plain numbers.

    Args:
        loss: of the batch.
        gradient_norms: 2-norm of the loss's gradient, by parameter.
        weight_norms: 2-norm, by parameter.
        gradients_through_time: 2-norm of the loss's gradient with respect to a row's state after step t, a mean over
            the rows that have the step; "layer.h" or "layer.c" to a list over t.
        hidden_norms: 2-norm of a row's h after step t, a mean over the rows that have the step; by layer.
        gates: of each gate, by "layer.gate".
        spectral_radii: of each recurrent block, by "layer.gate".
        gradient_errors: relative error of each parameter's gradient in float64; empty if it was not asked for.
    """

    loss: float
    gradient_norms: dict[str, float]
    weight_norms: dict[str, float]
    gradients_through_time: dict[str, list[float]]
    hidden_norms: dict[str, list[float]]
    gates: dict[str, GateSummary]
    spectral_radii: dict[str, float]
    gradient_errors: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        return asdict(self)


@torch.enable_grad()
def diagnose(
    model: nn.Module,
    loss: Callable[[Tensor], Tensor],
    input: Tensor,
    lengths: Tensor | None = None,
    *,
    gradient_check: bool = True,
) -> Diagnosis:
    """Measure gradients, states, gates and spectra of a model on one batch, in eval mode.

    Args:
        model: an eager float model, such as one of `zoo.build`; it stays as it is, with its gradients.
        loss: of the model's output, a scalar.
        input: a batch, in the model's layout.
        lengths: of the rows, or None.
        gradient_check: compare the gradients with finite differences too; it runs the model twice for each parameter.

    Raises:
        ArgumentError: the model has no recurrent layer that can be watched, or the loss is not finite.
    """
    with record_layers(model) as runs:
        value = loss(model(input, lengths)[0])
        if not torch.isfinite(value):
            raise ArgumentError(
                f"the loss is {float(value.detach())}, so it has no gradients to measure; look at input and weights"
            )
        parameters = {name: p for name, p in model.named_parameters() if p.requires_grad}
        states = [state for run in runs for step in run.steps for state in step if state.requires_grad]
        gradients = torch.autograd.grad(value, [*parameters.values(), *states], allow_unused=True)
    errors = check_gradients(model, loss, input, lengths) if gradient_check else {}
    of_parameters = dict(zip(parameters, gradients, strict=False))
    of_states = {id(s): g for s, g in zip(states, gradients[len(parameters) :], strict=True) if g is not None}
    return Diagnosis(
        loss=float(value.detach()),
        gradient_norms={name: 0.0 if g is None else float(g.norm()) for name, g in of_parameters.items()},
        weight_norms={name: float(p.detach().norm()) for name, p in parameters.items()},
        gradients_through_time={name: curve for run in runs for name, curve in _gradient_curves(run, of_states)},
        hidden_norms={run.name: _mean_norms(run, [step[0].detach() for step in run.steps]) for run in runs},
        gates={name: summarise_gate(values, function) for name, (function, values) in valid_gates(runs).items()},
        spectral_radii=spectral_radii(model),
        gradient_errors=errors,
    )


def _gradient_curves(run: LayerRun, of_states: dict[int, Tensor]) -> list[tuple[str, list[float]]]:
    curves = []
    for k, name in enumerate(run.state_names):
        if not any(step[k].requires_grad for step in run.steps):
            continue  # a counter
        steps = [of_states.get(id(step[k]), torch.zeros_like(step[k])) for step in run.steps]
        curves.append((f"{run.name}.{name}", _mean_norms(run, steps)))
    return curves


def _mean_norms(run: LayerRun, steps: list[Tensor]) -> list[float]:
    """Return the 2-norms of the rows (B, H) of each step in time, a mean over the rows for which it is valid."""
    values = run.in_time(steps)
    valid = run.mask(values).to(values)
    means: list[float] = ((values.norm(dim=2) * valid).sum(0) / valid.sum(0).clamp(min=1)).tolist()
    return means
