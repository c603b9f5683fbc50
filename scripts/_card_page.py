"""The model card as a page: `README.md` beside the weights of a shipped model, of its words and its figures."""

from __future__ import annotations

import statistics

from _about import About
from _cards import Card
from _tables import condition_table, name_metric, write_metric, write_microseconds

from zoo.training.markdown import make_table

PAGE = "README.md"


def write_page(card: Card, about: About) -> str:
    """Return the model card of a shipped model."""
    parts = [
        f"# {card.name}",
        about.purpose,
        _facts(card, about),
        "## Use",
        f'```python\nmodel = zoo.build("{card.name}", pretrained=True)\n```',
        f"```sh\nzoo script {card.name} --pretrained -o model.pt\ncpp_runner verify model.pt\n```",
        "## Test figures",
        _seeds(card),
        _methods(card),
    ]
    if "calibration_error" in card.cpp:
        parts.append(
            f"Calibration error (ECE, 15 bins) in C++: {card.cpp['calibration_error']:.3f}. Outputs of C++ and Python "
            f"differ by {card.worst_output_difference:.2g} at most."
        )
    else:
        parts.append(f"Outputs of C++ and Python differ by {card.worst_output_difference:.2g} at most.")
    if card.recipes:
        parts += ["## In C++, by recipe", _recipes(card)]
    if card.conditions:
        parts += ["## In other conditions", condition_table([card])]
    parts += ["## Known failures", "\n".join(f"- {failure}" for failure in about.failures)]
    return "\n\n".join(parts) + "\n"


def _facts(card: Card, about: About) -> str:
    rows = [
        ["goes in", about.input],
        ["comes out", about.output],
        ["not for", about.not_for],
        ["data", f"{card.data}, {card.license}; {card.address}"],
        ["split", about.split],
        ["size", f"{card.parameters:,} parameters, {card.bytes / 1e6:.2f} MB of weights"],
    ]
    return make_table(["", ""], rows)


def _seeds(card: Card) -> str:
    """Return every training, and which one ships."""
    rows = [
        [
            f"{one.seed} (ships)" if one.seed == card.shipped else str(one.seed),
            write_metric(card, one.validation[card.metric]),
            write_metric(card, one.test[card.metric]),
            f"{one.cpu_seconds:.0f}",
        ]
        for one in card.seeds
    ]
    if len(rows) > 1:
        rows.append(["mean", "", write_metric(card, statistics.fmean(card.test)), ""])
    return make_table(["seed", f"{name_metric(card)}, validation", "test", "CPU s"], rows)


def _methods(card: Card) -> str:
    """Return the simple methods on the same test."""
    rows = [[name, write_metric(card, figures[card.metric])] for name, figures in card.baselines.items()]
    return make_table(["simple methods", f"{name_metric(card)}, test"], rows)


def _recipes(card: Card) -> str:
    """Return what each recipe makes of the model."""
    rows = []
    for name, figures in card.recipes.items():
        if "metric" not in figures:
            continue
        error = "-"
        if "rms_of_std" in figures:
            error = f"{figures['max_of_range']:.2%}, {figures['rms_of_std']:.2%}"
        cells = [
            write_metric(card, figures["metric"]),
            f"{figures['bytes'] / 1e6:.2f}",
            write_microseconds(figures["step_us"]),
        ]
        rows.append([name, *cells, error, "refused" if "refused" in figures else ""])
    return make_table(["recipe", name_metric(card), "MB of the file", "us a step", "worst and rms error", ""], rows)
