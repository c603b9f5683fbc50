"""The main job on real speech: train a bidirectional GRU, script it, run it in C++, compare with Python.

JapaneseVowels: nine speakers, 270 sequences to train on, 370 to test, 7 to 29 steps of 12 features.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn
from tqdm import tqdm

import zoo
from zoo.data.japanese_vowels import load_japanese_vowels
from zoo.data.sequences import LabelledSequences, pad

BATCH_SIZE, LEARNING_RATE, WEIGHT_DECAY, CLIP_NORM = 30, 4e-3, 1e-2, 1.0
WARM_UP, CALLS = 3, 30


def train(model: nn.Module, data: LabelledSequences, epochs: int, seed: int) -> None:
    """Fit the model with AdamW, one-cycle learning rate and clipped gradients."""
    inputs, lengths = (torch.from_numpy(part) for part in pad(data.sequences))
    labels = torch.from_numpy(data.labels)
    shuffle = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)  # dropout
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = epochs * -(-len(labels) // BATCH_SIZE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=LEARNING_RATE, total_steps=steps)
    model.train()
    with tqdm(total=epochs, desc="training", unit="epoch") as bar:
        for _ in range(epochs):
            losses = []
            for rows in torch.randperm(len(labels), generator=shuffle).split(BATCH_SIZE):
                scores, _ = model(inputs[rows], lengths[rows])
                loss = nn.functional.cross_entropy(scores, labels[rows])
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM)
                optimizer.step()
                schedule.step()
                losses.append(loss.item())
            bar.update()
            bar.set_postfix(loss=f"{np.mean(losses):.4f}")


def find_cpp_runner() -> str:
    """Return the program's path: on PATH, or beside this Python."""
    found = shutil.which("cpp_runner") or shutil.which("cpp_runner", path=str(Path(sys.executable).parent))
    if found is None:
        raise FileNotFoundError("cpp_runner is not on PATH; install the package with pip first")
    return found


def run_in_cpp(program: str, model: Path, folder: Path, inputs: Any, lengths: Any) -> tuple[Any, float]:
    """Run cpp_runner on a padded batch; return its scores and the median seconds of a warm call."""
    np.save(folder / "input.npy", inputs)
    np.save(folder / "lengths.npy", lengths)
    batch = [str(model), str(folder / "input.npy"), "--lengths", str(folder / "lengths.npy")]
    threads = ["--threads", str(torch.get_num_threads())]
    subprocess.run([program, "run", *batch, *threads, "-o", str(folder / "output.npy")], check=True)
    bench = [program, "bench", *batch, *threads, "--iterations", str(CALLS), "--json"]
    (timed,) = json.loads(subprocess.run(bench, check=True, stdout=subprocess.PIPE).stdout)
    return np.load(folder / "output.npy"), timed["p50_us"] / 1e6


def run_in_python(artifact: Path, inputs: Any, lengths: Any) -> tuple[Any, float]:
    """Run the same file in Python; return its scores and the median seconds of a warm call."""
    module = zoo.load_artifact(artifact).module
    seconds = []
    with torch.inference_mode():
        for _ in range(WARM_UP + CALLS):
            start = time.perf_counter()
            scores, _ = module(torch.from_numpy(inputs), torch.from_numpy(lengths))
            seconds.append(time.perf_counter() - start)
    return scores.numpy(), float(np.median(seconds[WARM_UP:]))


def draw(path: Path, cpp: Any, python: Any, data: LabelledSequences) -> None:
    """Draw who was taken for whom in C++, and every C++ score over Python's."""
    classes = len(data.class_names)
    confusion = np.zeros((classes, classes), dtype=int)
    np.add.at(confusion, (data.labels, cpp.argmax(1)), 1)
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5), layout="constrained")
    left.imshow(confusion, cmap="Blues")
    for row, column in np.ndindex(classes, classes):
        count = confusion[row, column]
        if count:
            shade = "white" if count > confusion.max() / 2 else "black"
            left.text(column, row, str(count), ha="center", va="center", color=shade)
    ticks = list(range(classes))
    left.set(xticks=ticks, yticks=ticks, xticklabels=[k + 1 for k in ticks], yticklabels=[k + 1 for k in ticks])
    accuracy = (cpp.argmax(1) == data.labels).mean()
    left.set(xlabel="speaker found by the C++ program", ylabel="speaker", title=f"accuracy {accuracy:.4f}")
    right.plot(python.ravel(), cpp.ravel(), ".", markersize=3)
    right.set(xlabel="score in Python", ylabel="score in C++")
    right.set_title(f"{cpp.size} scores, worst difference {np.abs(cpp - python).max():.2g}")
    right.set_aspect("equal")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("demo"), help="where files go (default: demo)")
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)  # a net this small loses more to the hand-over between threads than it gains
    program = find_cpp_runner()
    args.folder.mkdir(parents=True, exist_ok=True)
    artifact = args.folder / "model.pt"

    training, test = load_japanese_vowels("train"), load_japanese_vowels("test")
    model = zoo.build(
        "gru_classifier",
        input_size=training.num_features,
        num_classes=len(training.class_names),
        hidden_size=64,
        num_layers=1,
        dropout=0.0,
        head_dropout=0.3,
        bidirectional=True,
        pooling="mean",
        standardize=True,
        init="orthogonal",
        seed=args.seed,
    )
    print(zoo.summary(model))
    steps = torch.from_numpy(np.concatenate(training.sequences))  # (all steps, 12)
    model.backbone.front_end.set_statistics(steps.mean(0), steps.std(0))
    start = time.perf_counter()
    train(model, training, args.epochs, args.seed)
    print(f"trained in {time.perf_counter() - start:.1f} s on {len(training.labels)} sequences")

    inputs, lengths = pad(test.sequences)
    sample = zoo.Sample("test_rows", torch.from_numpy(inputs[::60]), torch.from_numpy(lengths[::60]))
    saved = zoo.save_artifact(model, artifact, samples=[sample], dataset="JapaneseVowels", license="CC-BY-4.0")
    print(f"wrote {saved.path}, {saved.size:,} bytes")

    subprocess.run([program, "verify", str(artifact)], check=True)
    cpp, cpp_seconds = run_in_cpp(program, artifact, args.folder, inputs, lengths)
    python, python_seconds = run_in_python(artifact, inputs, lengths)
    draw(args.folder / "demo.png", cpp, python, test)
    right = [(scores.argmax(1) == test.labels).mean() for scores in (cpp, python)]
    print(f"accuracy    C++ {right[0]:.4f}     Python {right[1]:.4f}     of {len(test.labels)} test sequences")
    print(f"time        C++ {cpp_seconds:.4f} s   Python {python_seconds:.4f} s   for all of them, one thread")
    print(f"difference  {np.abs(cpp - python).max():.3g} at worst, over {cpp.size} scores")
    print(f"picture     {args.folder / 'demo.png'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
