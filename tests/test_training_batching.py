"""Batches: every example once an epoch, like lengths together, nothing twice among processes."""

import pytest
import torch

from zoo.training import batching
from zoo.training.batching import BucketedBatches, make_loader, pad_sequences, split_batches

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
