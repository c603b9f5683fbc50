"""Results as rows, for the terminal and for files in CSV and JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from zoo.benchmark.contestants import ENGINE
from zoo.benchmark.goals import Goal, Verdict
from zoo.benchmark.measurement import Measurement
from zoo.benchmark.timing import compare

Row = dict[str, Any]


def make_rows(measurements: Sequence[Measurement], origin: Mapping[str, str]) -> list[Row]:
    """Return one flat row for each contestant on each case.

    `ratio` is the contestant's median over that of the engine in the same precision: above 1, the engine is faster. The
    row also has the quartiles of the ratio over the rounds. All three are None where the engine did not run.
    """
    engines = {(m.case, m.threads, m.precision): m for m in measurements if m.contestant in ENGINE.values()}
    found: list[Row] = []
    for m in measurements:
        engine = engines.get((m.case, m.threads, m.precision))
        ratio = compare(m.timing, engine.timing) if engine else None
        found.append(
            {
                "case": m.case.name,
                **asdict(m.case),
                "threads": m.threads,
                "contestant": m.contestant,
                "precision": m.precision,
                "median_us": m.timing.median,
                "p99_us": m.timing.p99,
                "min_us": m.timing.smallest,
                "spread": m.timing.spread,
                "calls": m.timing.calls,
                "ratio": ratio.value if ratio else None,
                "ratio_low": ratio.low if ratio else None,
                "ratio_high": ratio.high if ratio else None,
                "bandwidth_share": m.bandwidth_share,
                "rate_share": m.rate_share,
                **origin,
            }
        )
    return found


def make_goal_rows(verdicts: Sequence[Verdict], origin: Mapping[str, str]) -> list[Row]:
    """Return one flat row for each goal."""
    return [
        {
            "work": v.goal.work,
            "case": v.goal.case.name,
            "threads": v.goal.threads,
            "engine": v.goal.engine,
            "against": _format_against(v.goal),
            "goal": v.goal.at_least,
            "measured": v.measured,
            "low": v.low,
            "high": v.high,
            "verdict": v.word,
            **origin,
        }
        for v in verdicts
    ]


def format_table(measurements: Sequence[Measurement]) -> str:
    """Return measurements as lines for the terminal; `TABLE_HEAD` is the line above."""
    lines = []
    for row in make_rows(measurements, {}):
        ratio = "" if row["ratio"] is None else f"{row['ratio']:8.2f}"
        lines.append(
            f"{row['case']:33} {row['threads']:2} {row['contestant']:18} {row['median_us']:11.1f} "
            f"{row['p99_us']:11.1f} {row['spread']:7.1%} {ratio:>8} {row['bandwidth_share']:9.0%} "
            f"{row['rate_share']:9.0%}"
        )
    return "\n".join(lines)


TABLE_HEAD = (
    f"{'case':33} {'th':>2} {'contestant':18} {'median us':>11} {'p99 us':>11} {'spread':>7} {'ratio':>8} "
    f"{'bandwidth':>9} {'mul-adds':>9}"
)


def format_goal_table(verdicts: Sequence[Verdict]) -> str:
    """Return goals and what was measured as lines for the terminal; quartiles over the rounds stand in brackets."""
    head = f"{'work':12} {'case':33} {'th':>2} {'engine':12} {'against':30} {'goal':>6} {'measured':>8}"
    lines = [head]
    for v in verdicts:
        measured = "" if v.measured is None else f"{v.measured:.2f}"
        quartiles = "" if v.low is None or v.high is None else f"({v.low:.2f} to {v.high:.2f})"
        lines.append(
            f"{v.goal.work:12} {v.goal.case.name:33} {v.goal.threads:2} {v.goal.engine:12} "
            f"{_format_against(v.goal):30} {v.goal.at_least:6.2f} {measured:>8} {v.word:7} {quartiles}".rstrip()
        )
    words = [v.word for v in verdicts]
    lines.append(", ".join(f"{words.count(word)} {word}" for word in ("pass", "FAIL", "not run")))
    return "\n".join(lines)


def _format_against(goal: Goal) -> str:
    return goal.against[0] if len(goal.against) == 1 else "best of " + str(len(goal.against))


def write_csv(records: Sequence[Row], path: Path) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(records[0]) if records else [])
        writer.writeheader()
        writer.writerows(records)


def write_json(records: Sequence[Row], path: Path) -> None:
    path.write_text(json.dumps(records, indent=1) + "\n")
