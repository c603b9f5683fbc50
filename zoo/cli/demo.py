"""`zoo demo`: the main job on real speech, from training to the comparison of C++ with Python."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn
from tqdm import tqdm

import zoo
from zoo.cli.parser import new_parser
from zoo.data.japanese_vowels import load_japanese_vowels
from zoo.data.sequences import LabelledSequences, pad

DESCRIPTION = """\
Train a bidirectional GRU on real speech, script it, run it in C++ and compare with Python.

The data set is JapaneseVowels: nine speakers, 270 sequences to train on and 370 to test, each of 7 to 29 steps of 12
features.
"""
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


def run_in_cpp(cpp_runner: str, model: Path, folder: Path, inputs: Any, lengths: Any) -> tuple[Any, float]:
    """Run cpp_runner on a padded batch; return its scores and the median seconds of a warm call."""
    np.save(folder / "input.npy", inputs)
    np.save(folder / "lengths.npy", lengths)
    batch = [str(model), str(folder / "input.npy"), "--lengths", str(folder / "lengths.npy")]
    threads = ["--threads", str(torch.get_num_threads())]
    subprocess.run([cpp_runner, "run", *batch, *threads, "-o", str(folder / "output.npy")], check=True)
    bench = [cpp_runner, "bench", *batch, *threads, "--iterations", str(CALLS), "--json"]
    (timed,) = json.loads(subprocess.run(bench, check=True, stdout=subprocess.PIPE).stdout)
    return np.load(folder / "output.npy"), timed["p50_us"] / 1e6


def run_in_python(artifact: Path, inputs: Any, lengths: Any) -> tuple[Any, float]:
    """Run the same file in Python; return its scores and the median seconds of a warm call."""
    model = zoo.load_artifact(artifact)
    seconds = []
    with torch.inference_mode():
        for _ in range(WARM_UP + CALLS):
            start = time.perf_counter()
            scores, _ = model(torch.from_numpy(inputs), torch.from_numpy(lengths))
            seconds.append(time.perf_counter() - start)
    return scores.numpy(), float(np.median(seconds[WARM_UP:]))


def draw(path: Path, cpp: Any, python: Any, data: LabelledSequences) -> None:
    """Draw the confusion matrix of the C++ program, and its scores over Python's."""
    figure = Figure(figsize=(11, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_confusion(left, cpp.argmax(1), data)
    right.plot(python.ravel(), cpp.ravel(), ".", markersize=3)
    right.set(xlabel="score in Python", ylabel="score in C++")
    right.set_title(f"{cpp.size} scores, worst difference {np.abs(cpp - python).max():.2g}")
    right.set_aspect("equal")
    figure.savefig(path, dpi=110)


def draw_confusion(axes: Any, found: Any, data: LabelledSequences) -> None:
    classes = len(data.class_names)
    confusion = np.zeros((classes, classes), dtype=int)
    np.add.at(confusion, (data.labels, found), 1)
    axes.imshow(confusion, cmap="Blues")
    for row, column in np.ndindex(classes, classes):
        count = confusion[row, column]
        if count:
            shade = "white" if count > confusion.max() / 2 else "black"
            axes.text(column, row, str(count), ha="center", va="center", color=shade)
    ticks = list(range(classes))
    axes.set(xticks=ticks, yticks=ticks, xticklabels=[k + 1 for k in ticks], yticklabels=[k + 1 for k in ticks])
    accuracy = (found == data.labels).mean()
    axes.set(xlabel="speaker found by the C++ program", ylabel="speaker", title=f"accuracy {accuracy:.4f}")


def build_model(training: LabelledSequences, seed: int) -> nn.Module:
    """Build the classifier, with the mean and spread of the training data in its front end."""
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
        seed=seed,
    )
    steps = torch.from_numpy(np.concatenate(training.sequences))  # (all steps, 12)
    zoo.set_statistics_(model, steps.mean(0), steps.std(0))
    return model


def main(arguments: Sequence[str] | None = None, program: str = "zoo demo") -> int:
    """Run the program; returns its exit status."""
    parser = new_parser(program, DESCRIPTION)
    parser.add_argument("--folder", type=Path, default=Path("demo"), help="where the files are written (default: demo)")
    parser.add_argument("--epochs", type=int, default=25, help="passes over the training data (default: 25)")
    parser.add_argument("--seed", type=int, default=0, help="of weights, shuffling and dropout (default: 0)")
    args = parser.parse_args(arguments)
    try:
        run(args.folder, args.epochs, args.seed)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        print(f"{program}: error: {error}", file=sys.stderr)
        return 1
    return 0


def run(folder: Path, epochs: int, seed: int) -> None:
    """Train, save, verify and compare; the last three lines printed are the result."""
    torch.set_num_threads(1)  # for a net this small, threads cost more than they save
    cpp_runner = zoo.find_runner()
    folder.mkdir(parents=True, exist_ok=True)
    artifact = folder / "model.pt"

    training, test = load_japanese_vowels("train"), load_japanese_vowels("test")
    model = build_model(training, seed)
    print(zoo.summary(model))
    start = time.perf_counter()
    train(model, training, epochs, seed)
    print(f"trained in {time.perf_counter() - start:.1f} s on {len(training.labels)} sequences")

    inputs, lengths = pad(test.sequences)
    sample = zoo.Sample("test_rows", torch.from_numpy(inputs[::60]), torch.from_numpy(lengths[::60]))
    saved = zoo.save_artifact(model, artifact, samples=[sample], dataset="JapaneseVowels", license="CC-BY-4.0")
    print(f"wrote {saved.path}, {saved.size:,} bytes", flush=True)  # before what cpp_runner prints

    subprocess.run([cpp_runner, "verify", str(artifact)], check=True)
    cpp, cpp_seconds = run_in_cpp(cpp_runner, artifact, folder, inputs, lengths)
    python, python_seconds = run_in_python(artifact, inputs, lengths)
    draw(folder / "demo.png", cpp, python, test)
    right = [(scores.argmax(1) == test.labels).mean() for scores in (cpp, python)]
    print(f"picture     {folder / 'demo.png'}")
    print(f"accuracy    C++ {right[0]:.4f}     Python {right[1]:.4f}     of {len(test.labels)} test sequences")
    print(f"time        C++ {cpp_seconds:.4f} s   Python {python_seconds:.4f} s   for all of them, one thread")
    print(f"difference  {np.abs(cpp - python).max():.3g} at worst, over {cpp.size} scores")
