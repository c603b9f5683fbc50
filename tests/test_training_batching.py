"""Batches: every example once an epoch, like lengths together, nothing twice among processes."""

from pathlib import Path

import numpy as np
import pytest
import torch

from zoo.training import batching
from zoo.training.batching import Batch, BucketedBatches, make_loader, pad_sequences, split_batches
from zoo.training.typical_inputs import MOST_STEPS, choose_inputs, write_inputs

LENGTHS = torch.randint(1, 100, (1003,), generator=torch.Generator().manual_seed(0)).tolist()


def test_every_example_once_an_epoch_and_another_order_in_the_next() -> None:
    batches = BucketedBatches(LENGTHS, 16, seed=3)
    first = list(batches)
    assert len(first) == len(batches) == 63
    assert sorted(index for batch in first for index in batch) == list(range(1003))
    assert list(batches) == first
    batches.set_epoch(1)
    assert list(batches) != first
    assert list(BucketedBatches(LENGTHS, 16, seed=4)) != first


def test_buckets_waste_little() -> None:
    def padded_share(bucket: bool) -> float:
        batches = list(BucketedBatches(LENGTHS, 16, seed=3, bucket=bucket))
        steps = sum(max(LENGTHS[k] for k in batch) * len(batch) for batch in batches)
        return 1 - sum(LENGTHS) / steps

    assert padded_share(True) < 0.08
    assert padded_share(False) > 0.3


def test_processes_share_and_take_as_many_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = []
    for rank in range(4):
        monkeypatch.setattr(batching, "process_rank", lambda rank=rank: (rank, 4))
        sampler = BucketedBatches(LENGTHS, 16, seed=3)
        shares.append(list(sampler))
        assert len(shares[-1]) == len(sampler) == 16
    assert {index for share in shares for batch in share for index in batch} == set(range(1003))


def test_batch_size_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        BucketedBatches(LENGTHS, 0, seed=0)


def test_padding_and_loaders() -> None:
    sequences = [torch.ones(n, 2) for n in (3, 1, 2)]
    padded, lengths = pad_sequences(sequences, -7)
    assert padded.shape == (3, 3, 2)
    assert lengths.tolist() == [3, 1, 2]
    assert padded[1].tolist() == [[1, 1], [-7, -7], [-7, -7]]

    def collate(examples: list[torch.Tensor]) -> batching.Batch:
        input, lengths = pad_sequences(examples)
        return batching.Batch(input, lengths, lengths)

    loader = make_loader(sequences, [3, 1, 2], collate, 2, seed=0)
    assert sorted(int(n) for batch in loader for n in batch.lengths) == [1, 2, 3]
    assert [len(batch.input) for batch in split_batches(sequences, collate, 2)] == [2, 1]


def test_inputs_beside_a_model_are_of_all_lengths_and_not_silent(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    rows = [torch.randn(length, 3, generator=generator) for length in (5, 9, 40, 60, 90, 120, 200, 300)]
    silent = [torch.zeros(length, 3) for length in (4, 50, 500, 1000)]
    long = torch.cat([torch.zeros(MOST_STEPS, 3), torch.randn(MOST_STEPS, 3, generator=generator)])
    input, lengths = pad_sequences([*silent, *rows, long])
    chosen = choose_inputs([Batch(input, lengths, torch.zeros(len(lengths)))])
    assert len(chosen) == 4
    assert [len(part) for part in chosen] == sorted(len(part) for part in chosen)
    assert len(chosen[0]) < 50 < 200 <= len(chosen[-1]) <= MOST_STEPS
    assert all(part.std() > 0.5 for part in chosen)
    words = [torch.tensor([[1, 2]]), *(torch.arange(2 * steps).reshape(steps, 2) for steps in (20, 30))]
    assert [len(part) for part in choose_inputs([Batch(*pad_sequences(words), torch.zeros(3))])] == [20, 30]
    same = Batch(torch.zeros(2, 7, 3), None, torch.zeros(2))
    for _ in range(2):  # what lay there goes
        write_inputs([same], tmp_path / "inputs")
        assert sorted(path.name for path in (tmp_path / "inputs").iterdir()) == ["1.npy", "2.npy"]
        (tmp_path / "inputs" / "9.npy").touch()
    assert np.load(tmp_path / "inputs" / "1.npy").shape == (1, 7, 3)
