"""The benchmark: statistics, turns, goals, what it writes, and that everyone computes the same."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
import os
import re
from pathlib import Path

import benchmark as front
import numpy as np
import pytest
import torch
from _tables import SPEED, put_speed

from zoo.benchmark.cases import Case, quick_sweep, sweep
from zoo.benchmark.contestants import (
    CONTESTANTS,
    ENGINE,
    ENGINE_SCRIPT,
    LIBTORCH,
    OPENVINO,
    ORT,
    all_names,
    installed,
)
from zoo.benchmark.goals import BANDWIDTH, OWN_ONE_THREAD, Goal, judge, list_goals, plan_jobs
from zoo.benchmark.measurement import Job, Measurement, run_job
from zoo.benchmark.report import format_goal_table, format_table, make_rows
from zoo.benchmark.timing import WARM_UP_CALLS, Effort, compare, reduce_rounds, time_in_turn
from zoo.benchmark.workload import DisagreementError, Prepared, make_workload
from zoo.cli import benchmark as program
from zoo.config.cells import CELLS

TINY = Effort(rounds=2, turn_seconds=1e-6, rest_seconds=0.0)


class Clock:
    """Stands still but for the calls that are timed."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


def test_statistics_of_known_samples():
    timing = reduce_rounds([[1.0, 2.0, 3.0], [2.0, 2.0, 100.0], [4.0], [6.0]])
    assert timing.median == 2.5
    assert (timing.p99, timing.smallest, timing.calls) == (100.0, 1.0, 8)
    assert timing.rounds == (2.0, 2.0, 4.0, 6.0)
    assert timing.spread == pytest.approx((4.5 - 2.0) / 2.5)
    assert reduce_rounds([[7.0]]).spread == 0.0
    with pytest.raises(ValueError, match="at least one call"):
        reduce_rounds([[], []])


def test_p99_is_the_time_that_one_call_in_a_hundred_exceeds():
    assert reduce_rounds([[float(i) for i in range(1000)]]).p99 == 990.0


def test_ratios_pair_the_rounds():
    """Rounds that a busy machine makes slow for both leave their ratio alone."""
    ratio = compare(reduce_rounds([[2.0], [20.0], [4.0]]), reduce_rounds([[1.0], [10.0], [2.0]]))
    assert (ratio.value, ratio.low, ratio.high) == (2.0, 2.0, 2.0)


def test_contestants_take_turns():
    clock, order = Clock(), []

    def contestant(name: str, nanoseconds: int):
        def call() -> None:
            order.append(name)
            clock.now += nanoseconds

        return call

    effort = Effort(rounds=4, turn_seconds=2e-5, most_calls=50)
    rounds = time_in_turn({"a": contestant("a", 2000), "b": contestant("b", 10_000)}, effort, clock)
    assert [[len(turn) for turn in rounds[name]] for name in "ab"] == [[10] * 4, [2] * 4]
    assert {value for turn in rounds["b"] for value in turn} == {10.0}
    timed = order[2 * (WARM_UP_CALLS + 4) :]  # before: warming up, and three calls to see how long they take
    changes = [name for name, before in zip(timed, ["", *timed], strict=False) if name != before]
    assert "".join(changes) == "ababa"  # ab, ba, ab, ba: each round begins where the last ended
    assert len(timed) == 4 * (10 + 2 + 2 + 1)  # with the calls of a turn that are not counted


def test_a_contestant_that_computes_something_else_is_not_timed():
    good = next(c for c in CONTESTANTS if c.name == LIBTORCH)

    def prepare(workload, threads):
        ready = good.prepare(workload, threads)
        return Prepared(ready.call, lambda: [result + 0.01 for result in ready.results()])

    bad = dataclasses.replace(good, name="wrong", prepare=prepare)
    job = Job(Case("gru", 16, seq_len=3), 1, frozenset({"wrong"}))
    with pytest.raises(DisagreementError, match="wrong on gru-64to16-batch1-steps3: output differs from LibTorch by 0"):
        run_job(job, [bad], TINY)


def test_disagreement_names_shapes_and_not_a_number():
    workload = make_workload(Case("rnn", 8, seq_len=2, input_size=3))
    with pytest.raises(DisagreementError, match=r"expected output of shape \(2, 1, 8\), got \(1, 8\)"):
        workload.check("x", [np.zeros((1, 8), np.float32), workload.expected[1]], 1e-4)
    with pytest.raises(DisagreementError, match="by nan"):
        workload.check("x", [np.full_like(array, np.nan) for array in workload.expected], 1e-4)


def test_absent_peers_are_left_out_with_what_to_install():
    away = dataclasses.replace(CONTESTANTS[-1], package="no_such_package")
    present, lines = installed([CONTESTANTS[0], away])
    assert present == [CONTESTANTS[0]]
    (line,) = lines  # where onnx is not installed either, it is named too
    assert line.startswith("OpenVINO default is left out: no_such_package")
    assert line.endswith("not installed (pip install 'recurrent-zoo[bench]')")


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("threads", [1, 2])
def test_everyone_who_is_here_computes_the_same(cell, threads):
    """Agreement to 1e-4 in float32, and to the table's limits below, is checked before anything is timed."""
    present, _ = installed()
    case = Case(cell, 48, num_layers=2, batch_size=3, seq_len=5)
    before = os.sched_getaffinity(0), torch.get_num_threads()
    found = run_job(Job(case, threads, all_names()), present, TINY)
    assert (os.sched_getaffinity(0), torch.get_num_threads()) == before  # else what follows in the process is slower
    assert {m.contestant for m in found} == {c.name for c in present if cell in c.cells}
    assert all(m.timing.median > 0 and m.bandwidth_share > 0 and m.rate_share > 0 for m in found)


def test_cases_count_what_they_read_and_multiply():
    case = Case("gru", 10, num_layers=2, batch_size=3, seq_len=7, input_size=4)
    assert case.name == "gru-4to10x2-batch3-steps7"
    assert (case.recurrent_weights, case.input_weights) == (300, 120 + 300)
    assert case.multiply_adds == 3 * 7 * (600 + 420)
    assert case.bytes_read("bf16") == 2 * (7 * 600 + 420)
    assert case.working_set("fp32") == 300 * 4  # one layer at a time, its recurrent matrix
    assert dataclasses.replace(case, seq_len=1).working_set("int8") == 600 + 420
    assert Case("rnn", 10, input_size=0).features == 10


def test_sweeps_cover_what_they_promise():
    cases = sweep()
    assert len(cases) == len(set(cases))
    assert {case.cell for case in cases} == set(CELLS)
    assert {case.hidden_size for case in cases} == {32, 64, 128, 256, 512, 1024}
    assert {case.num_layers for case in cases} == {1, 2}
    assert {1, 64} <= {case.batch_size for case in cases}
    assert {1, 1000} <= {case.seq_len for case in cases}
    assert {case.cell for case in quick_sweep()} == set(CELLS)


def measured(case: Case, contestant: str, microseconds: float, threads: int = 1, share: float = 0.5) -> Measurement:
    precision = {name: precision for precision, name in ENGINE.items()}.get(contestant, "fp32")
    times = reduce_rounds([[microseconds], [microseconds * 2]])
    return Measurement(case, threads, contestant, precision, times, share, 0.1)


STEP = Case("lstm", 64, seq_len=1)


def test_goals_take_the_fastest_peer():
    goal = Goal("batch", STEP, "fp32", (LIBTORCH, ORT, OPENVINO), 1.3)
    times = {ENGINE_SCRIPT: 10.0, LIBTORCH: 40.0, ORT: 14.0, OPENVINO: 20.0}
    verdict = judge(goal, [measured(STEP, name, time) for name, time in times.items()])
    assert (verdict.measured, verdict.word) == (pytest.approx(1.4), "pass")
    times[OPENVINO] = 12.0
    verdict = judge(goal, [measured(STEP, name, time) for name, time in times.items()])
    assert (verdict.measured, verdict.word) == (pytest.approx(1.2), "FAIL")
    del times[OPENVINO]
    assert judge(goal, [measured(STEP, name, time) for name, time in times.items()]).word == "not run"


def test_goals_of_bandwidth_and_threads():
    engine = ENGINE["fp32"]
    share = Goal("bandwidth", STEP, "fp32", (BANDWIDTH,), 0.75)
    assert judge(share, [measured(STEP, engine, 10.0, share=0.7)]).word == "FAIL"
    scaling = Goal("two threads", STEP, "fp32", (OWN_ONE_THREAD,), 1.7, threads=2)
    both = [measured(STEP, engine, 18.0), measured(STEP, engine, 10.0, threads=2)]
    assert judge(scaling, both).measured == pytest.approx(1.8)
    assert judge(scaling, both[1:]).word == "not run"


def test_every_goal_gets_all_it_needs():
    goals = list_goals()
    jobs = {(job.case, job.threads): job.contestants for job in plan_jobs(goals)}
    names = all_names()
    for goal in goals:
        peers = set(goal.against) - {OWN_ONE_THREAD, BANDWIDTH}
        assert peers <= names
        assert {goal.engine, *peers} <= jobs[goal.case, goal.threads]
    assert len(goals) == len({(g.work, g.case, g.precision, g.against, g.threads) for g in goals})


def test_rows_compare_with_the_engine_in_the_same_precision():
    found = make_rows([measured(STEP, ENGINE["fp32"], 2.0), measured(STEP, ORT, 5.0)], {"commit": "abc"})
    assert [row["ratio"] for row in found] == [1.0, 2.5]
    assert all(row["commit"] == "abc" and row["hidden_size"] == 64 for row in found)
    alone = make_rows([measured(STEP, ORT, 5.0)], {})
    assert alone[0]["ratio"] is None
    assert format_table([measured(STEP, ORT, 5.0)]).split()[:2] == ["lstm-64to64-batch1-steps1", "1"]


def test_medians_go_into_the_readme_s_table():
    sequence = Case("gru", 512, num_layers=2, batch_size=4, seq_len=100)
    found = [
        measured(sequence, LIBTORCH, 1234.4),
        measured(STEP, ENGINE["fp32"], 4.04),
        measured(STEP, LIBTORCH, 99.94),
    ]
    text = f"before\n{SPEED[0]}\nold\n{SPEED[1]}\nafter\n"
    lines = put_speed(text, make_rows(found, {})).splitlines()
    assert lines[:2] == ["before", SPEED[0]]
    assert lines[2].startswith("| microseconds, median | engine | bf16 | int8 | script | LibTorch |")
    assert lines[4] == "| LSTM 64, 1 step | 6.1 |  |  |  | 150 |  |  |  |  |"
    assert lines[5] == "| GRU 512 x 2, batch 4, 100 steps |  |  |  |  | 1852 |  |  |  |  |"
    assert lines[6:] == [SPEED[1], "after"]
    with pytest.raises(ValueError, match="must hold the lines"):
        put_speed("nothing", make_rows(found, {}))
    with pytest.raises(ValueError, match="one number of threads"):
        put_speed(text, make_rows([*found, measured(STEP, LIBTORCH, 1.0, threads=2)], {}))


def test_goal_table_counts_verdicts():
    goal = Goal("one step", STEP, "fp32", (ORT,), 2.0)
    times = [measured(STEP, ENGINE["fp32"], 2.0), measured(STEP, ORT, 5.0)]
    text = format_goal_table([judge(goal, times), judge(goal, [])])
    assert "  2.00     2.50 pass    (2.50 to 2.50)" in text
    assert text.splitlines()[-1] == "1 pass, 0 FAIL, 1 not run"


def test_quick_run_writes_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch):
    monkeypatch.setattr(program, "QUICK", TINY)
    page = tmp_path / "page.md"
    page.write_text(f"{SPEED[0]}\n{SPEED[1]}\n")
    arguments = ["--quick", "--threads", "1", "--only", "rnn-*-steps1", "--output", str(tmp_path)]
    assert front.main([*arguments, "--readme", str(page)]) == 0
    assert "| RNN 64, 1 step | " in page.read_text()
    printed = capsys.readouterr().out
    assert re.search(r"^rnn-64to64-batch1-steps1 +1 LibTorch ", printed, re.MULTILINE)
    records = json.loads((tmp_path / "benchmark.json").read_text())
    with (tmp_path / "benchmark.csv").open() as file:
        assert [row["contestant"] for row in csv.DictReader(file)] == [row["contestant"] for row in records]
    for record in records:
        assert {"machine", "isa", "commit", "versions"} <= record.keys()
        assert record["p99_us"] >= record["median_us"] > 0
        assert record["ratio"] is None or math.isfinite(record["ratio"])
    assert (tmp_path / "benchmark.png").stat().st_size > 5000


def test_a_quick_run_judges_the_goals_of_its_cases(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch):
    monkeypatch.setattr(program, "QUICK", TINY)
    limits = {0.0: "pass", 1e9: "FAIL"}  # made up, so that no machine can change the verdict
    made_up = [dataclasses.replace(goal, at_least=limit) for goal in list_goals() for limit in limits]
    monkeypatch.setattr(program, "list_goals", lambda: made_up)
    assert program.main(["--goals", "--quick", "--only", "gru-64to64-batch1-steps1", "--output", str(tmp_path)]) == 0
    records = json.loads((tmp_path / "goals.json").read_text())
    assert {record["work"] for record in records} == {"one step", "bf16", "int8"}
    for record in records:
        assert record["verdict"] == ("not run" if record["measured"] is None else limits[record["goal"]])
    assert {record["verdict"] for record in records if record["against"] == LIBTORCH} == {"pass", "FAIL"}
    assert "goal measured" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only", "transformer*"], "no case matches"),
        (["--threads", "99", "--quick"], "99"),
        (["--readme", "nowhere.md", "--threads", "1"], "nowhere.md"),
        (["--readme", __file__, "--threads", "1,2"], "one number of threads"),
        (["--readme", "/dev/null", "--threads", "1"], "must hold the lines"),
    ],
)
def test_what_cannot_be_run_is_said(arguments, words, capsys: pytest.CaptureFixture[str]):
    assert front.main(arguments) == 1
    assert words in capsys.readouterr().err


def test_numbers_of_threads_are_numbers(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        program.main(["--threads", "two"])
    assert "expected numbers of threads like 1,2, got 'two'" in capsys.readouterr().err
