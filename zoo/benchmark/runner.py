"""One case after the other: contestants made ready, checked and timed in turn, beside the machine's limits."""

from __future__ import annotations

import importlib.util
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import torch

from zoo.benchmark import limits
from zoo.benchmark.cases import Case
from zoo.benchmark.contestants import CONTESTANTS, Contestant
from zoo.benchmark.machine import keep_to
from zoo.benchmark.timing import Effort, Summary, summarise, time_in_turn
from zoo.benchmark.workload import make_workload


@dataclass(frozen=True)
class Measurement:
    """One contestant on one case.

    Attributes:
        bandwidth_share: bytes of weights it must read in the time it took, as a share of the measured limit.
        rate_share: its multiply-adds in the time it took, as a share of the measured limit.
    """

    case: Case
    threads: int
    contestant: str
    precision: str
    time: Summary
    bandwidth_share: float
    rate_share: float


@dataclass(frozen=True)
class Job:
    """A case, and who is to run it with how many threads."""

    case: Case
    threads: int
    contestants: frozenset[str]


def available(contestants: Sequence[Contestant] = CONTESTANTS) -> tuple[list[Contestant], list[str]]:
    """Return who can take part here, and lines about those who cannot."""
    present, absent = [], []
    for contestant in contestants:
        packages = [contestant.package, "onnx"] if contestant.package else []
        missing = [name for name in packages if importlib.util.find_spec(name) is None]
        if missing:
            absent.append(f"{contestant.name} is left out: {', '.join(missing)} not installed (pip install '.[bench]')")
        else:
            present.append(contestant)
    return present, absent


def run_jobs(
    jobs: Sequence[Job], contestants: Sequence[Contestant], effort: Effort
) -> Iterator[tuple[Job, list[Measurement]]]:
    """Run jobs one after the other, those with fewer threads first.

    Raises:
        DisagreementError: a contestant does not compute what the others do.
    """
    for job in sorted(jobs, key=lambda job: job.threads):
        yield job, run_job(job, contestants, effort)


def run_job(job: Job, contestants: Sequence[Contestant], effort: Effort) -> list[Measurement]:
    """Prepare, check and time everyone who takes part in a job."""
    keep_to(job.threads)
    workload = make_workload(job.case)
    taking_part = [c for c in contestants if c.name in job.contestants and job.case.kind in c.kinds]
    with torch.inference_mode():
        prepared = {c.name: c.ready(workload, job.threads) for c in taking_part}
        rounds = time_in_turn({name: ready.call for name, ready in prepared.items()}, effort)
    return [_measure(job, contestant, summarise(rounds[contestant.name])) for contestant in taking_part]


def _measure(job: Job, contestant: Contestant, time: Summary) -> Measurement:
    case, precision, seconds = job.case, contestant.precision, time.median * 1e-6
    bandwidth = limits.read_bandwidth(case.working_set(precision), job.threads)
    rate = limits.multiply_add_rate(precision, job.threads)
    return Measurement(
        case=case,
        threads=job.threads,
        contestant=contestant.name,
        precision=precision,
        time=time,
        bandwidth_share=case.bytes_read(precision) / seconds / bandwidth,
        rate_share=case.multiply_adds / seconds / rate,
    )


def all_names(contestants: Collection[Contestant] = CONTESTANTS) -> frozenset[str]:
    return frozenset(contestant.name for contestant in contestants)
