"""The report of all recipes as a picture: size against error, with each recipe's limit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zoo.quantization.recipe import find_recipe
from zoo.quantization.report import RecipeReport

LEAST = 1e-6  # errors of 0 have no place on a logarithmic axis
KEPT, REFUSED = "tab:blue", "tab:red"


def draw_recipes(reports: Sequence[RecipeReport], path: Path) -> None:
    """Draw a row for each recipe that takes the model, the smallest file first.

    Args:
        reports: of `compare_recipes`.
        path: file to write; its suffix says the format.
    """
    # The object interface: pyplot would look for a display and never free the figure.
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    shown = sorted((report for report in reports if report.error is not None), key=lambda report: report.bytes or 0)
    figure = Figure(layout="constrained", figsize=(9, 1.6 + 0.4 * max(len(shown), 1)))
    sizes, errors = figure.subplots(1, 2, sharey=True)
    for place, report in enumerate(shown):
        assert report.error is not None, "those without an error are left out"
        assert report.long_error is not None, "both errors are measured, or none"
        color = REFUSED if report.refusal else KEPT
        sizes.barh(place, (report.bytes or 0) / 1e6, color=color)
        sizes.text((report.bytes or 0) / 1e6, place, f" {report.share or 0:.0%}", va="center", fontsize=8)
        limit = find_recipe(report.recipe).limit.rms_of_std
        errors.plot([100 * limit] * 2, [place - 0.3, place + 0.3], color="black")
        errors.plot(100 * max(report.error.rms_of_std, LEAST), place, "o", color=color)
        errors.plot(100 * max(report.long_error.rms_of_std, LEAST), place, "o", color=color, markerfacecolor="none")
    sizes.set_yticks(range(len(shown)), [report.recipe for report in shown])
    sizes.invert_yaxis()
    sizes.margins(x=0.15)
    sizes.set_xlabel("file, MB, and its share of float")
    errors.set_xscale("log")
    errors.set_xlabel("rms error, % of the outputs' deviation")
    marks = [
        Line2D([], [], marker="o", linestyle="", color=KEPT, label="samples"),
        Line2D([], [], marker="o", linestyle="", color=KEPT, markerfacecolor="none", label="long sequence"),
        Line2D([], [], color="black", label="limit"),
        Line2D([], [], marker="s", linestyle="", color=REFUSED, label="beyond it"),
    ]
    figure.legend(handles=marks, loc="outside upper center", ncols=4, fontsize=8)
    figure.savefig(path, dpi=130)
