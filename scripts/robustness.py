"""Score trained models of spoken digits outside a quiet room and on unseen speakers, by cpp_runner's outputs.

The figures go into the model cards; `--update README.md` prints their table there.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from _cards import PRETRAINED, Card, add_models, choose_cards
from _tables import CONDITIONS as MARKERS
from _tables import condition_table

import zoo
from zoo.training.markdown import put_between

try:
    from zoo.training.evaluation import evaluate
    from zoo.training.experiment import read_experiment
    from zoo.training.sound.conditions import CONDITIONS, NO_DIGIT
    from zoo.training.tasks import make_task
    from zoo.training.trainer import CHECKPOINT, METRICS, train
except ModuleNotFoundError as missing:
    sys.exit(f"robustness.py: error: {missing}; this takes more packages: pip install 'recurrent-zoo[train]'")

TASK = "fsdd"
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="robustness.py", description=__doc__)
    add_models(parser, TASK)
    parser.add_argument(
        "--speakers",
        nargs="*",
        choices=SPEAKERS,
        metavar="SPEAKER",
        help=f"also train once without each of these speakers, and score that (default: {', '.join(SPEAKERS)})",
    )
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="runs that are there are taken (default: runs)")
    parser.add_argument("--update", type=Path, metavar="README.md", help="the file to put the table into")
    return parser


def score(model: Any, options: dict[str, Any]) -> float:
    """Return a model's test metric by cpp_runner on the task with these options."""
    task = make_task(TASK, options)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt"
        zoo.save_artifact(model, path)
        return evaluate(path, task).cpp[task.metric]


def score_conditions(card: Card) -> dict[str, float]:
    """Return a card's metric in a quiet room and in each condition that its model has classes for."""
    model = zoo.build(card.name, pretrained=True)
    rejects = card.task_options.get("made_others", 0) > 0
    found = {}
    for condition in ("", *CONDITIONS):
        if condition != NO_DIGIT or rejects:
            found[condition or "as recorded"] = score(model, card.task_options | {"condition": condition})
            print(f"{card.name}  {condition or 'as recorded'}  {found[condition or 'as recorded']:.4f}", flush=True)
    return found


def score_unseen_speakers(card: Card, speakers: Sequence[str], runs: Path) -> dict[str, float]:
    """Return the metric on each speaker of a model that is trained without this speaker."""
    found = {}
    for speaker in speakers:
        folder = runs / f"{card.name}-without-{speaker}"
        if not (folder / METRICS).is_file():
            train(read_experiment(card.name, {"task.options.held_speaker": speaker}), folder, resume=True)
        options = card.task_options | {"held_speaker": speaker}
        found[speaker] = score(zoo.load_checkpoint(folder / CHECKPOINT), options)
        print(f"{card.name}  without {speaker}  {found[speaker]:.4f}", flush=True)
    return found


def main() -> int:
    args = make_parser().parse_args()
    try:
        for card in choose_cards(args.models, TASK):
            card = replace(card, conditions=score_conditions(card))
            if args.speakers is not None:
                unseen = score_unseen_speakers(card, args.speakers or SPEAKERS, args.runs)
                card = replace(card, unseen_speakers=unseen)
            card.write(PRETRAINED / card.name)
        table = condition_table(choose_cards([], TASK))
        print(table)
        if args.update is not None:
            args.update.write_text(put_between(args.update.read_text(), table, MARKERS))
    except (zoo.ZooError, ValueError, ImportError, OSError) as error:
        print(f"robustness.py: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
