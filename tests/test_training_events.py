"""Detections as events: peaks, hits and operating points against values worked out by hand."""

from pathlib import Path

import pytest
import torch
from support.data_sets import need

import zoo
from zoo.data import fsdd
from zoo.training.batching import Batch
from zoo.training.event_metrics import Detections, find_peaks, mark_hits
from zoo.training.learners.detection import collect_detections
from zoo.training.tasks import fsdd_detection, make_task
from zoo.training.tasks.fsdd_detection import STEPS_PER_HOUR, make_streams_without, score_events


def test_a_peak_is_the_highest_score_near_it() -> None:
    scores = torch.tensor([[1.0, 5.0, 4.0, 5.0, 0.0, 0.0, 2.0, 9.0]]).unsqueeze(2)  # (1, 8, 1)
    valid = torch.tensor([[True] * 7 + [False]])
    assert find_peaks(scores, valid, 2)[0, :, 0].nonzero().flatten().tolist() == [1, 6]  # of equal ones the first
    assert find_peaks(scores, valid, 1)[0, :, 0].nonzero().flatten().tolist() == [1, 3, 6]


def test_a_word_is_hit_once_and_by_the_highest_peak_near_its_end() -> None:
    ends = torch.zeros(30, dtype=torch.bool)
    ends[10:13] = ends[20:22] = True
    scores, peaks = torch.zeros(30), torch.zeros(30, dtype=torch.bool)
    for place, score in {7: 9.0, 9: 1.0, 13: 2.0, 18: 3.0, 27: 4.0}.items():
        scores[place], peaks[place] = score, True
    hits, said = mark_hits(peaks, scores, ends, margin=1)
    assert (hits.nonzero().flatten().tolist(), said) == ([13], 2)
    hits, said = mark_hits(peaks, scores, ends, margin=2)
    assert (hits.nonzero().flatten().tolist(), said) == ([13, 18], 2)


def detections(scores: list[float], hits: list[bool], said: int, hours: float) -> Detections:
    keywords = torch.zeros(len(scores), dtype=torch.int64)
    return Detections(
        torch.tensor(scores).double(), torch.tensor(hits, dtype=torch.bool), keywords, torch.tensor([said]), hours
    )


def test_operating_points_by_hand() -> None:
    # Of five words, those with the scores 5, 3 and 1 are found; in two hours there are false alarms at 4, 3.141 and 2.
    among = detections([5, 4, 3.141, 3, 2, 1], [True, False, False, True, False, True], 5, 2.0)
    assert among.find_threshold(0.5) == 3.15
    assert among.miss_rate(3.15) == pytest.approx(4 / 5)
    assert among.false_alarms(3.15) == 0.5
    assert among.find_threshold(1.0) == 2.01
    assert among.miss_rate(2.01) == pytest.approx(3 / 5)
    assert among.find_threshold(9.0) == 1.0
    without = detections([4.5, 0.5], [False, False], 0, 0.5)
    false_alarms, misses = among.curve(without)
    assert false_alarms.tolist() == [4, 2, 2, 2, 2, 2, 2, 0]  # by rising threshold; 0.5, 1, 2, 3, 3.141, 4, 4.5, 5
    assert misses.tolist() == pytest.approx([0.4, 0.4, 0.6, 0.6, 0.8, 0.8, 0.8, 0.8])
    assert score_events(among, without) == pytest.approx(
        {
            "misses_at_1_a_minute": 0.4,
            "threshold_at_1_a_minute": 1.0,
            "misses_at_1_an_hour": 0.8,
            "threshold_at_1_an_hour": 4.51,
        }
    )


def test_streams_with_and_without_a_keyword_are_told_apart() -> None:
    output = torch.zeros(2, 6, 2)
    output[0, 2, 1] = output[1, 1, 0] = 3.0
    target = torch.zeros(2, 6, 2, dtype=torch.int8)
    target[0, 2:4, 1] = 1
    batch = Batch(torch.zeros(2, 6, 80), torch.tensor([6, 4]), target)
    among, without = collect_detections([output], [batch], steps_per_hour=12.0, apart=5, margin=0)
    assert (among.hours, without.hours) == (6 / 12, 4 / 12)
    assert (among.said.tolist(), without.said.tolist()) == ([0, 1], [0, 0])
    assert among.scores[among.hits].tolist() == [3.0]
    assert among.keywords[among.hits].tolist() == [1]
    assert without.scores.max() == 3.0
    assert not without.hits.any()
    assert (among.of_keyword(1).miss_rate(3.0), among.of_keyword(1).miss_rate(3.1)) == (0.0, 1.0)


def test_streams_without_a_keyword_are_always_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    need(fsdd.SOURCE)
    monkeypatch.setattr(fsdd_detection, "DIFFERENT", 12)
    recordings = fsdd.load_fsdd().test
    first, again = (make_streams_without(recordings, 0.03) for _ in range(2))
    assert sum(len(stream.steps) for stream in first) >= 0.03 * STEPS_PER_HOUR
    assert not any(stream.target.any() for stream in first)
    assert all(torch.equal(a.steps, b.steps) for a, b in zip(first, again, strict=True))
    assert make_streams_without(recordings, 0) == []


def test_a_detector_has_a_curve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need(fsdd.SOURCE)
    monkeypatch.setitem(fsdd_detection.STREAMS, "test", 40)
    task = make_task("fsdd_detection", {"hours_without": 0})
    batches = task.test_batches()
    model = zoo.build("gru_detector_fsdd", hidden_size=8)
    task.draw([model(batch.input, batch.lengths)[0] for batch in batches], batches, tmp_path / "det.png")
    assert (tmp_path / "det.png").stat().st_size > 10_000
