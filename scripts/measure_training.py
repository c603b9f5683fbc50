"""Time a training step on rows of different lengths: the zoo's way beside PyTorch's packed sequences, in turn."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import zoo

# Steps and rows; rows have between half of the steps and all of them.
SHAPES = ((60, 64), (200, 32), (1000, 16))
FEATURES, UNITS, LAYERS = 64, 128, 2


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="measure_training.py", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of each, in turn (default: 5)")
    return parser


def measure(step: Callable[[], torch.Tensor]) -> float:
    """Return the CPU seconds of one forward and backward pass."""
    begin = time.process_time()
    step().sum().backward()
    return time.process_time() - begin


def compare(cell: str, both: bool, steps: int, rows: int, runs: int) -> tuple[float, float]:
    """Return the median CPU seconds with packed sequences and with the zoo's model of the same weights."""
    options = {"input_size": FEATURES, "hidden_size": UNITS, "num_layers": LAYERS, "bidirectional": both}
    model = zoo.build(f"{cell}_encoder", dropout=0.0, **options).train()
    (layer,) = [module for module in model.modules() if isinstance(module, nn.RNNBase)]
    input = torch.randn(rows, steps, FEATURES)
    lengths = torch.randint(steps // 2, steps + 1, (rows,))
    lengths[0] = steps

    def packed() -> torch.Tensor:
        output, _ = layer(pack_padded_sequence(input, lengths, batch_first=True, enforce_sorted=False))
        return pad_packed_sequence(output, batch_first=True)[0]

    def ours() -> torch.Tensor:
        return model(input, lengths)[0]

    torch.testing.assert_close(ours(), packed())
    times = [(measure(packed), measure(ours)) for _ in range(runs)]
    before, after = zip(*times, strict=True)
    return statistics.median(before), statistics.median(after)


def main() -> int:
    args = make_parser().parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    print("cell  directions  steps  rows  packed, s  zoo, s  share")
    for cell, both in (("gru", False), ("lstm", False), ("gru", True)):
        for steps, rows in SHAPES:
            packed, ours = compare(cell, both, steps, rows, args.runs)
            print(
                f"{cell:4}  {1 + both:10}  {steps:5}  {rows:4}  {packed:9.3f}  {ours:6.3f}  {ours / packed:5.2f}",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
