"""Times contestants in turn, and reduces the times of their calls to statistics."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

WARM_UP_CALLS = 5  # TorchScript's profiling executor takes two calls to settle
Clock = Callable[[], int]


@dataclass(frozen=True)
class Effort:
    """How much time a case gets: a number of rounds in which each contestant has one turn of at least one call.

    Args:
        rounds: at most.
        turn_seconds: the length of a turn.
        most_calls: in a turn.
        seconds: for all rounds together; slow calls get fewer rounds.
        fewest_rounds: also where they take more than `seconds`.
        rest_seconds: before each turn. In this time the waiting threads of the contestant before stop spinning.
    """

    rounds: int = 25
    turn_seconds: float = 0.01
    most_calls: int = 400
    seconds: float = 6.0
    fewest_rounds: int = 5
    rest_seconds: float = 0.002


@dataclass(frozen=True)
class Timing:
    """Statistics of one contestant's calls, in microseconds.

    Args:
        median: of all calls.
        p99: 99 % of the calls took at most this time.
        smallest: of all calls.
        spread: interquartile range of the rounds' medians, as a share of the median: it shows how calm the machine was.
        calls: how many were timed.
        rounds: the median of each round.
    """

    median: float
    p99: float
    smallest: float
    spread: float
    calls: int
    rounds: tuple[float, ...]


@dataclass(frozen=True)
class Ratio:
    """How many times longer a peer took than the engine: by the medians, and the quartiles over the rounds."""

    value: float
    low: float
    high: float


def time_in_turn(
    calls: Mapping[str, Callable[[], object]], effort: Effort, clock: Clock = time.perf_counter_ns
) -> dict[str, list[list[float]]]:
    """Time each contestant for a turn, then the next, round after round.

    A turn begins with calls that are not timed: they bring the contestant's weights back into the caches. Every
    second round runs in the opposite order, so that no contestant always follows the same one.

    Returns:
        Microseconds of each timed call, by contestant and round.
    """
    rounds: dict[str, list[list[float]]] = {name: [] for name in calls}
    with _without_garbage_collection():
        took = {name: _warm_up(call, clock) for name, call in calls.items()}
        plans = {name: _calls_per_turn(took[name], effort) for name in calls}
        of_a_round = sum(took[name] * (plans[name] + _untimed(plans[name])) for name in calls) / 1e6
        affordable = max(effort.fewest_rounds, int(effort.seconds / of_a_round)) if of_a_round else effort.rounds
        for number in range(min(effort.rounds, affordable)):
            names = list(calls)
            for name in names if number % 2 == 0 else reversed(names):
                time.sleep(effort.rest_seconds)
                rounds[name].append(_take_turn(calls[name], plans[name], clock))
    return rounds


def _warm_up(call: Callable[[], object], clock: Clock) -> float:
    """Return about how many microseconds a call takes."""
    for _ in range(WARM_UP_CALLS):
        call()
    return min(_take_turn(call, 3, clock))


def _calls_per_turn(took: float, effort: Effort) -> int:
    return max(1, min(effort.most_calls, int(effort.turn_seconds * 1e6 / max(took, 0.1))))


def _untimed(count: int) -> int:
    return 1 + count // 10


def _take_turn(call: Callable[[], object], count: int, clock: Clock) -> list[float]:
    for _ in range(_untimed(count)):
        call()
    times = []
    for _ in range(count):
        start = clock()
        call()
        times.append((clock() - start) / 1e3)
    return times


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def reduce_rounds(rounds: Sequence[Sequence[float]]) -> Timing:
    """Return the statistics of one contestant's calls, given in microseconds by round.

    Raises:
        ValueError: there is no call.
    """
    times = sorted(value for turn in rounds for value in turn)
    if not times:
        raise ValueError("expected the times of at least one call, got none")
    median = statistics.median(times)
    medians = tuple(statistics.median(turn) for turn in rounds if turn)
    return Timing(
        median=median,
        p99=times[min(len(times) - 1, int(0.99 * len(times)))],
        smallest=times[0],
        spread=(_quartile(medians, 3) - _quartile(medians, 1)) / median,
        calls=len(times),
        rounds=medians,
    )


def compare(peer: Timing, engine: Timing) -> Ratio:
    """Return how many times longer the peer took than the engine; the two were timed in turn."""
    single = [a / b for a, b in zip(peer.rounds, engine.rounds, strict=True)]
    return Ratio(peer.median / engine.median, _quartile(single, 1), _quartile(single, 3))


def _quartile(values: Sequence[float], number: int) -> float:
    if len(values) < 2:
        return values[0]
    return statistics.quantiles(values, n=4, method="inclusive")[number - 1]
