"""Examples of different lengths become padded batches. Similar lengths in a batch waste little on padding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

# Examples are sorted by length in windows of this many batches: similar lengths, in a different mix each epoch.
WINDOW = 20


class Batch(NamedTuple):
    """The input of every model, loss and metric here.

    Args:
        input: of the model, padded.
        lengths: int64 (batch,), or None where nothing is padded.
        target: of the loss and the metric; each task documents its shape.
    """

    input: Tensor
    lengths: Tensor | None
    target: Tensor


class ListDataset(Dataset[Any]):
    """A list as a data set of torch."""

    def __init__(self, items: Sequence[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        return self.items[index]


class BucketedBatches(Sampler[list[int]]):
    """Lists of indices, one per batch: shuffled anew each epoch, with similar lengths together.

    It also divides the batches among the processes of a distributed run: every process draws the same batches and
    takes every n-th of them.

    Args:
        lengths: of every example.
        batch_size: examples per batch and process; the last batch may be smaller.
        seed: together with the epoch it fixes the order.
        bucket: whether similar lengths go together.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int, bucket: bool = True) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        self.lengths = list(lengths)
        self.batch_size = batch_size
        self.seed = seed
        self.bucket = bucket
        self.epoch = 0
        self.sampler = self  # where Lightning looks for set_epoch

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        batches = -(-len(self.lengths) // self.batch_size)
        return -(-batches // process_rank()[1])

    def __iter__(self) -> Iterator[list[int]]:
        generator = torch.Generator().manual_seed(self.seed * 100_003 + self.epoch)
        order = torch.randperm(len(self.lengths), generator=generator).tolist()
        if self.bucket:
            span = self.batch_size * WINDOW
            order = [
                index
                for start in range(0, len(order), span)
                for index in sorted(order[start : start + span], key=lambda i: self.lengths[i])
            ]
        batches = [order[start : start + self.batch_size] for start in range(0, len(order), self.batch_size)]
        batches = [batches[k] for k in torch.randperm(len(batches), generator=generator).tolist()]
        rank, world = process_rank()
        # Every process must take the same number of steps; otherwise they wait for each other without end.
        batches += batches[: -len(batches) % world]
        return iter(batches[rank::world])


def process_rank() -> tuple[int, int]:
    distributed = torch.distributed
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def pad_sequences(sequences: Sequence[Tensor], value: float = 0) -> tuple[Tensor, Tensor]:
    """Return tensors (T_i, ...) as one (B, T, ...) padded with `value`, and their lengths (B,)."""
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    return torch.nn.utils.rnn.pad_sequence(list(sequences), batch_first=True, padding_value=value), lengths


def make_loader(
    examples: Sequence[Any],
    lengths: Sequence[int],
    collate: Callable[[list[Any]], Batch],
    batch_size: int,
    seed: int,
    bucket: bool = True,
) -> DataLoader[Any]:
    """Return the loader of training batches.

    Args:
        examples: the elements of the lists that `collate` takes.
        lengths: of each example.
        collate: makes a batch of a list of examples.
        batch_size: examples per batch.
        seed: fixes the order, epoch by epoch.
        bucket: put similar lengths together.
    """
    sampler = BucketedBatches(lengths, batch_size, seed, bucket)
    return DataLoader(ListDataset(examples), batch_sampler=sampler, collate_fn=collate)


def split_batches(examples: Sequence[Any], collate: Callable[[list[Any]], Batch], batch_size: int) -> list[Batch]:
    """Return batches in the order of the examples, for validation and test."""
    return [collate(list(examples[k : k + batch_size])) for k in range(0, len(examples), batch_size)]
