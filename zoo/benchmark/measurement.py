"""Runs jobs: each case with its contestants, prepared, checked and timed in turn, beside the machine's roofline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from zoo.benchmark import roofline
from zoo.benchmark.cases import Case
from zoo.benchmark.contestants import Contestant
from zoo.benchmark.machine import kept_to
from zoo.benchmark.timing import Effort, Timing, reduce_rounds, time_in_turn
from zoo.benchmark.workload import make_workload
from zoo.config.precision import Precision


@dataclass(frozen=True)
class Job:
    """A case, the number of threads, and the names of the contestants that run it."""

    case: Case
    threads: int
    contestants: frozenset[str]


@dataclass(frozen=True)
class Measurement:
    """One contestant on one case.

    Args:
        case: what was timed.
        threads: of the contestant.
        contestant: its name.
        precision: of its weights.
        timing: of its calls.
        bandwidth_share: the rate at which it must read weights in this time, as a share of the roofline.
        rate_share: its multiply-adds per second, as a share of the roofline.
    """

    case: Case
    threads: int
    contestant: str
    precision: Precision
    timing: Timing
    bandwidth_share: float
    rate_share: float


def run_jobs(
    jobs: Sequence[Job], contestants: Sequence[Contestant], effort: Effort
) -> Iterator[tuple[Job, list[Measurement]]]:
    """Run jobs one after the other, those with fewer threads first.

    Raises:
        DisagreementError: a contestant does not compute what LibTorch does.
    """
    for job in sorted(jobs, key=lambda job: job.threads):
        yield job, run_job(job, contestants, effort)


def run_job(job: Job, contestants: Sequence[Contestant], effort: Effort) -> list[Measurement]:
    """Prepare, check and time all contestants of a job."""
    taking_part = [c for c in contestants if c.name in job.contestants and job.case.cell in c.cells]
    with kept_to(job.threads):
        workload = make_workload(job.case)
        with torch.inference_mode():
            prepared = {c.name: c.prepare_checked(workload, job.threads) for c in taking_part}
            rounds = time_in_turn({name: ready.call for name, ready in prepared.items()}, effort)
        return [_measure(job, contestant, reduce_rounds(rounds[contestant.name])) for contestant in taking_part]


def _measure(job: Job, contestant: Contestant, timing: Timing) -> Measurement:
    case, precision, seconds = job.case, contestant.precision, timing.median * 1e-6
    bandwidth = roofline.read_bandwidth(case.working_set(precision), job.threads)
    rate = roofline.multiply_add_rate(precision, job.threads)
    return Measurement(
        case=case,
        threads=job.threads,
        contestant=contestant.name,
        precision=precision,
        timing=timing,
        bandwidth_share=case.bytes_read(precision) / seconds / bandwidth,
        rate_share=case.multiply_adds / seconds / rate,
    )
