"""The README's table of speed, out of what was measured."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from zoo.benchmark.contestants import ENGINE, ENGINE_SCRIPT, LIBTORCH, OPENVINO, OPENVINO_DEFAULT, ORT, ORT_INT8
from zoo.benchmark.report import Row
from zoo.markdown import make_table, put_table

BEGIN, END = "<!-- speed: scripts/benchmark.py --readme writes what follows -->", "<!-- end of speed -->"
COLUMNS = {
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


def check_readme(text: str, threads: Collection[int]) -> None:
    """Raise ValueError where the README has no place for the table, or it would be of several numbers of threads."""
    if len(threads) > 1:
        raise ValueError("the README's table is of one number of threads; give --threads 1")
    put_table(text, "", BEGIN, END)


def put_speed(text: str, records: Sequence[Row]) -> str:
    """Return a README with the medians of these records, a row for each case, the short ones first.

    Raises:
        ValueError: as `check_readme`.
    """
    check_readme(text, {record["threads"] for record in records})
    medians: dict[tuple[int, str], dict[str, float]] = {}
    for record in records:
        medians.setdefault((record["seq_len"], write_case(record)), {})[record["contestant"]] = record["median_us"]
    rows = [
        [label, *(write_microseconds(found[name]) if name in found else "" for name in COLUMNS)]
        for (_, label), found in sorted(medians.items(), key=lambda item: item[0][0])
    ]
    return put_table(text, make_table(["microseconds, median", *COLUMNS.values()], rows), BEGIN, END)


def write_case(record: Row) -> str:
    layers = f" x {record['num_layers']}" if record["num_layers"] > 1 else ""
    batch = f"batch {record['batch_size']}, " if record["batch_size"] > 1 else ""
    steps = f"{record['seq_len']} step{'s' if record['seq_len'] > 1 else ''}"
    return f"{record['kind'].upper()} {record['hidden_size']}{layers}, {batch}{steps}"


def write_microseconds(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:.1f}" if value < 99.95 else f"{value:.0f}"
