"""A diagnosis as text: one table for each question, and the rows that stand out."""

from __future__ import annotations

from collections.abc import Sequence

from zoo.diagnostics.diagnosis import Diagnosis


def write_report(diagnosis: Diagnosis) -> str:
    """Return the tables of a diagnosis for a terminal."""
    parts = [f"loss {diagnosis.loss:.6g}", _parameters(diagnosis), _time(diagnosis)]
    if diagnosis.gates:
        parts.append(_gates(diagnosis))
    if diagnosis.spectral_radii:
        rows = [[name, f"{radius:.3f}"] for name, radius in diagnosis.spectral_radii.items()]
        parts.append(_table(["recurrent block", "spectral radius"], rows))
    return "\n\n".join(parts)


def _parameters(diagnosis: Diagnosis) -> str:
    errors = diagnosis.gradient_errors
    head = ["parameter", "gradient norm", "weight norm", *(["gradient error"] if errors else [])]
    rows = []
    for name, norm in diagnosis.gradient_norms.items():
        row = [name, f"{norm:.3g}", f"{diagnosis.weight_norms[name]:.3g}"]
        rows.append([*row, f"{errors[name]:.1e}"] if errors else row)
    return _table(head, rows)


def _time(diagnosis: Diagnosis) -> str:
    """The norms at the first, the middle and the last step."""
    rows = [[f"gradient of {name}", *_three(curve)] for name, curve in diagnosis.gradients_through_time.items()]
    rows += [[f"norm of {name}.h", *_three(curve)] for name, curve in diagnosis.hidden_norms.items()]
    return _table(["through time", "first step", "middle", "last step"], rows)


def _three(curve: Sequence[float]) -> list[str]:
    return [f"{curve[k]:.3g}" for k in (0, len(curve) // 2, -1)]


def _gates(diagnosis: Diagnosis) -> str:
    rows = [
        [name, gate.function, f"{gate.mean:.3f}", f"{gate.low:.1%}", "" if gate.high is None else f"{gate.high:.1%}"]
        for name, gate in diagnosis.gates.items()
    ]
    return _table(["gate", "function", "mean", "at its low end", "at its high end"], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Names to the left, numbers to the right."""
    widths = [max(len(row[k]) for row in (head, *rows)) for k in range(len(head))]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in (head, *rows)
    )
