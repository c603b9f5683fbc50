"""The goals of the engine: the contestants that it is compared with on each case, and how much faster it must be.

The figures are the project's. Equal ways of calling are compared: TorchScript calls the engine where LibTorch is among
the peers, and the engine is bound to its tensors where the peers are.

The goals were set by measurements of these sizes: a single step has as many features as the layer has units, a step
of a sequence has 64.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zoo.benchmark.cases import Case
from zoo.benchmark.contestants import ENGINE, ENGINE_SCRIPT, LIBTORCH, OPENVINO, OPENVINO_DEFAULT, ORT, ORT_INT8
from zoo.benchmark.measurement import Job, Measurement
from zoo.benchmark.timing import compare
from zoo.config.cells import CELLS
from zoo.config.precision import Precision

OWN_ONE_THREAD = "own one thread"
BANDWIDTH = "read bandwidth"
_SEQUENCE = 100
_HIDDEN = (64, 128, 256, 512)
_STACKS = ((64, 1), (128, 1), (256, 1), (512, 1), (128, 2), (512, 2))


@dataclass(frozen=True)
class Goal:
    """The engine must be `at_least` times as fast as the fastest of some peers.

    Args:
        work: the row of the table of goals.
        case: what is timed.
        precision: of the engine.
        against: peers; or `OWN_ONE_THREAD`, the engine itself with one thread; or `BANDWIDTH`, the rate at which the
            machine reads memory.
        at_least: a factor, or the share for `BANDWIDTH`.
        threads: of the engine and the peers.
    """

    work: str
    case: Case
    precision: Precision
    against: tuple[str, ...]
    at_least: float
    threads: int = 1

    @property
    def engine(self) -> str:
        """The contestant that has this goal."""
        return ENGINE_SCRIPT if LIBTORCH in self.against else ENGINE[self.precision]


@dataclass(frozen=True)
class Verdict:
    """What was measured for a goal; None if a contestant was absent."""

    goal: Goal
    measured: float | None
    low: float | None = None
    high: float | None = None

    @property
    def word(self) -> str:
        if self.measured is None:
            return "not run"
        return "pass" if self.measured >= self.goal.at_least else "FAIL"


def list_goals() -> list[Goal]:
    """Return every row of the table of goals, once for each case of the row."""
    found = [*_one_step(), *_sequences(), *_lower_precisions()]
    for hidden, layers in ((128, 1), (128, 2), (512, 1)):
        for batch in (16, 64):
            for cell in CELLS:
                case = Case(cell, hidden, layers, batch, _SEQUENCE)
                # The row asks for the best of all three. LibTorch stands apart, because some cells have a higher goal
                # against it.
                found.append(Goal("batch", case, "fp32", (ORT, OPENVINO), 1.0))
                found.append(Goal("batch", case, "fp32", (LIBTORCH,), 1.0 if cell == "lstm" else 1.3))
    lstm_512 = Case("lstm", 512, seq_len=_SEQUENCE)
    found.append(Goal("two threads", lstm_512, "fp32", (OWN_ONE_THREAD,), 1.7, threads=2))
    for cell in CELLS:
        for hidden in (128, 256, 512):
            found.append(Goal("bandwidth", Case(cell, hidden, seq_len=_SEQUENCE), "fp32", (BANDWIDTH,), 0.75))
    return found


def _one_step() -> Iterable[Goal]:
    for hidden in _HIDDEN:
        for cell, torch_goal in (("lstm", 15.0 if hidden == 512 else 5.0), ("gru", 2.0), ("rnn", 2.0)):
            case = Case(cell, hidden, seq_len=1, input_size=0)
            yield Goal("one step", case, "fp32", (LIBTORCH,), torch_goal)
            yield Goal("one step", case, "fp32", (ORT,), 1.15 if hidden == 512 else 1.4)


def _sequences() -> Iterable[Goal]:
    for hidden in _HIDDEN:
        yield Goal("100 steps", Case("lstm", hidden, seq_len=_SEQUENCE), "fp32", (ORT,), 1.15)
        gru, rnn = (Case(cell, hidden, seq_len=_SEQUENCE) for cell in ("gru", "rnn"))
        yield Goal("100 steps", gru, "fp32", (ORT,), 1.2)
        yield Goal("100 steps", gru, "fp32", (LIBTORCH,), 8.0 if hidden == 64 else 2.0)
        yield Goal("100 steps", rnn, "fp32", (ORT,), 3.0 if hidden == 64 else 1.3)
        yield Goal("100 steps", rnn, "fp32", (LIBTORCH,), 15.0 if hidden == 64 else 2.0)


def _lower_precisions() -> Iterable[Goal]:
    for steps in (1, _SEQUENCE):
        for hidden, layers in _STACKS:
            for cell in CELLS:
                case = Case(cell, hidden, layers, seq_len=steps, input_size=0 if steps == 1 else 64)
                yield Goal("bf16", case, "bf16", (OPENVINO_DEFAULT,), 1.3)
                if cell == "lstm":
                    yield Goal("int8", case, "int8", (ORT_INT8,), 1.2)
                else:
                    yield Goal("int8", case, "int8", (ORT,), 3.0)


def plan_jobs(goals: Sequence[Goal]) -> list[Job]:
    """Return the jobs that these goals need: one for each case and number of threads, with all its contestants."""
    wanted: dict[tuple[Case, int], set[str]] = {}
    for goal in goals:
        names = wanted.setdefault((goal.case, goal.threads), set())
        names |= {goal.engine, *goal.against} - {OWN_ONE_THREAD, BANDWIDTH}
        if OWN_ONE_THREAD in goal.against:
            wanted.setdefault((goal.case, 1), set()).add(goal.engine)
    return [Job(case, threads, frozenset(names)) for (case, threads), names in wanted.items()]


def judge(goal: Goal, measurements: Iterable[Measurement]) -> Verdict:
    """Compare a goal with what was measured."""
    found = {(m.case, m.threads, m.contestant): m for m in measurements}
    engine = found.get((goal.case, goal.threads, goal.engine))
    if engine is None:
        return Verdict(goal, None)
    if goal.against == (BANDWIDTH,):
        return Verdict(goal, engine.bandwidth_share)
    if goal.against == (OWN_ONE_THREAD,):
        alone = found.get((goal.case, 1, goal.engine))
        return Verdict(goal, alone.timing.median / engine.timing.median if alone else None)
    peers = [found.get((goal.case, goal.threads, name)) for name in goal.against]
    present = [peer for peer in peers if peer is not None]
    if len(present) < len(peers):
        return Verdict(goal, None)
    fastest = min(present, key=lambda peer: peer.timing.median)
    ratio = compare(fastest.timing, engine.timing)
    return Verdict(goal, ratio.value, ratio.low, ratio.high)
