"""The tables that scripts write into the README, each between two markers."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

from _cards import Card

from zoo.benchmark.contestants import ENGINE, ENGINE_SCRIPT, LIBTORCH, OPENVINO, OPENVINO_DEFAULT, ORT, ORT_INT8
from zoo.benchmark.report import Row
from zoo.training.markdown import make_table, put_between

SPEED = ("<!-- speed: scripts/benchmark.py --readme writes what follows -->", "<!-- end of speed -->")
FAMILIES = ("<!-- families: scripts/model_table.py writes what follows -->", "<!-- end of families -->")
CARDS = ("<!-- model cards: scripts/model_cards.py writes what follows -->", "<!-- end of model cards -->")
# Task -> where the metric of its models in other conditions stands.
CONDITIONS = {
    "fsdd": ("<!-- conditions: scripts/robustness.py writes what follows -->", "<!-- end of conditions -->"),
    "languages": (
        "<!-- conditions of texts: scripts/robustness.py writes what follows -->",
        "<!-- end of conditions of texts -->",
    ),
    "speech_activity": (
        "<!-- conditions of speech: scripts/robustness.py writes what follows -->",
        "<!-- end of conditions of speech -->",
    ),
    "ud_english_ewt": (
        "<!-- conditions of tags: scripts/robustness.py writes what follows -->",
        "<!-- end of conditions of tags -->",
    ),
}
RECIPES = ("<!-- recipes: scripts/model_cards.py writes what follows -->", "<!-- end of recipes -->")
RECIPE_COLUMNS = ("fp32", "bf16", "int8", "int4", "dynamic_int8", "float16")
SPEED_COLUMNS = {
    ENGINE["fp32"]: "engine",
    ENGINE["bf16"]: "bf16",
    ENGINE["int8"]: "int8",
    ENGINE_SCRIPT: "script",
    LIBTORCH: "LibTorch",
    ORT: "ONNX Runtime",
    ORT_INT8: "its int8",
    OPENVINO: "OpenVINO",
    OPENVINO_DEFAULT: "its default",
}
CARD_COLUMNS = (
    "model",
    "data, licence",
    "metric",
    "mean (lowest to highest; seeds)",
    "best simple method",
    "Python",
    "C++",
    "int8",
    "ECE",
    "MB",
    "CPU s",
)
# Metric -> its name in words, the factor and the decimals with which it is written.
METRIC_FORMATS: dict[str, tuple[str, float, int]] = {
    "accuracy": ("accuracy", 1, 4),
    "error_rate": ("label errors, %", 100, 2),
    "word_error_rate": ("wrong words, %", 100, 2),
    "equal_error_rate": ("equal error rate, %", 100, 2),
    "f1": ("F1", 1, 4),
    "area_under_roc": ("area under the ROC", 1, 4),
    "mse": ("MSE", 1, 4),
    "mae": ("MAE", 1, 4),
    "nats_per_character": ("nats per character", 1, 4),
}


def check_readme(text: str, threads: Collection[int]) -> None:
    """Check that the table of speed can be put into a README.

    Raises:
        ValueError: the README does not have the markers, or the figures are of several numbers of threads.
    """
    if len(threads) > 1:
        raise ValueError("the README's table shows one number of threads; give --threads 1")
    put_between(text, "", SPEED)


def put_speed(text: str, records: Sequence[Row]) -> str:
    """Return a README with the medians of these records: a row for each case, short sequences first.

    Raises:
        ValueError: as `check_readme`.
    """
    check_readme(text, {record["threads"] for record in records})
    medians: dict[tuple[int, str], dict[str, float]] = {}
    for record in records:
        medians.setdefault((record["seq_len"], write_case(record)), {})[record["contestant"]] = record["median_us"]
    rows = [
        [label, *(write_microseconds(found[name]) if name in found else "" for name in SPEED_COLUMNS)]
        for (_, label), found in sorted(medians.items(), key=lambda item: item[0][0])
    ]
    return put_between(text, make_table(["microseconds, median", *SPEED_COLUMNS.values()], rows), SPEED)


def write_case(record: Row) -> str:
    layers = f" x {record['num_layers']}" if record["num_layers"] > 1 else ""
    batch = f"batch {record['batch_size']}, " if record["batch_size"] > 1 else ""
    steps = f"{record['seq_len']} step{'s' if record['seq_len'] > 1 else ''}"
    return f"{record['cell'].upper()} {record['hidden_size']}{layers}, {batch}{steps}"


def write_microseconds(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def card_table(cards: Sequence[Card]) -> str:
    """Return the cards as a table in Markdown."""
    return make_table(list(CARD_COLUMNS), [_card_row(card) for card in cards])


def condition_table(cards: Sequence[Card]) -> str:
    """Return the test metric of models and of simple methods by condition, as a table in Markdown.

    Args:
        cards: of one task; there is a column for each, followed by one for each of its simple methods that was scored.
            Those of two cards may differ: the cards' options do.
    """
    columns: list[tuple[str, Mapping[str, float]]] = []
    for card in cards:
        columns += [(f"`{card.name}` in C++", card.conditions), *card.baseline_conditions.items()]
    rows = [
        [name, *(f"{figures[name]:.4f}" if name in figures else "-" for _, figures in columns)]
        for name in dict.fromkeys(name for _, figures in columns for name in figures)
    ]
    if any(card.unseen_speakers for card in cards):
        count = max(len(card.unseen_speakers) for card in cards)
        for what, pick in (("mean", statistics.fmean), ("worst", min)):
            row = [f"unseen speaker, {what} of {count}"]
            for card in cards:
                simple = [card.baseline_unseen_speakers.get(name, {}) for name in card.baseline_conditions]
                row += [f"{pick(unseen.values()):.4f}" if unseen else "-" for unseen in (card.unseen_speakers, *simple)]
            rows.append(row)
    metric = name_metric(cards[0]) if cards else "accuracy"
    return make_table([metric, *(header for header, _ in columns)], rows)


def name_metric(card: Card) -> str:
    """Return a card's metric in words."""
    return METRIC_FORMATS.get(card.metric, (card.metric, 1, 4))[0]


def write_metric(card: Card, value: float) -> str:
    """Return a value of a card's metric as all tables have it."""
    _, factor, decimals = METRIC_FORMATS.get(card.metric, (card.metric, 1, 4))
    return f"{value * factor:.{decimals}f}"


def _card_row(card: Card) -> list[str]:
    show = partial(write_metric, card)
    one, several = f"{show(card.test[0])} (one seed)", f"{show(min(card.test))} to {show(max(card.test))}"
    return [
        f"`{card.name}`",
        f"{card.data}, {card.license}",
        name_metric(card),
        f"{show(statistics.fmean(card.test))} ({several}; {len(card.test)})" if len(card.test) > 1 else one,
        "-" if card.best_baseline is None else f"{show(card.best_baseline[1])} ({card.best_baseline[0]})",
        show(card.python[card.metric]),
        show(card.cpp[card.metric]),
        _show_int8(card.recipes.get("int8", {}), show),
        f"{card.cpp['calibration_error']:.3f}" if "calibration_error" in card.cpp else "-",
        f"{card.bytes / 1e6:.2f}",
        f"{statistics.fmean(result.cpu_seconds for result in card.seeds):.0f}",
    ]


def _show_int8(figures: dict[str, Any], show: Callable[[float], str]) -> str:
    """Return the metric of recipe `int8`, with a word where the recipe refuses the model."""
    if "metric" not in figures:
        return "-"
    return show(figures["metric"]) + (" (refused)" if "refused" in figures else "")


def recipe_table(cards: Sequence[Card]) -> str:
    """Return the figures of quantization recipes as a table in Markdown; models that have none are left out."""
    head = ["model, metric", *(f"`{name}`" if name != "fp32" else name for name in RECIPE_COLUMNS)]
    return make_table(head, [_recipe_row(card) for card in cards if card.recipes])


def _recipe_row(card: Card) -> list[str]:
    def show(figures: dict[str, Any]) -> str:
        if "metric" not in figures:
            return "-"
        parts = [write_metric(card, figures["metric"]), f"{figures['bytes'] / 1e6:.2f} MB"]
        parts.append(f"{write_microseconds(figures['step_us'])} us")
        if "rms_of_std" in figures:
            beyond = " (refused)" if "refused" in figures else ""
            parts.append(f"{figures['max_of_range']:.2%}, {figures['rms_of_std']:.2%}{beyond}")
        return "<br>".join(parts)

    return [f"`{card.name}`, {name_metric(card)}", *(show(card.recipes.get(name, {})) for name in RECIPE_COLUMNS)]
