"""Score trained models of sounds and texts in other conditions than training's, by cpp_runner's outputs.

Digits are heard outside a quiet room and from unseen speakers, speech in noises of each kind; texts are short, in
capitals, without accents or with numbers; sentences to tag are in small letters or capitals. The figures go into the
model cards; `--update FILE` puts the tables there whose markers the file holds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import torch
from _cards import Card, add_models, choose_cards, update_card
from _tables import CONDITIONS as MARKERS
from _tables import condition_table
from torch import Tensor

import zoo
from zoo.training.markdown import put_between

try:
    from zoo.training.baselines import learn_baselines
    from zoo.training.evaluation import evaluate, run_in_cpp
    from zoo.training.experiment import read_experiment
    from zoo.training.sound.conditions import CONDITIONS, NO_DIGIT
    from zoo.training.tasks import languages, make_task, speech_activity, tagging
    from zoo.training.trainer import CHECKPOINT, METRICS, train
except ModuleNotFoundError as missing:
    sys.exit(f"robustness.py: error: {missing}; this takes more packages: pip install 'recurrent-zoo[train]'")

# Task -> what no condition is called, and the conditions of its option `condition`.
SPOKEN = "fsdd"
OF_TASK: dict[str, tuple[str, Collection[str]]] = {
    SPOKEN: ("as recorded", CONDITIONS),
    "languages": ("all texts", languages.CONDITIONS),
    "speech_activity": ("all streams", speech_activity.CONDITIONS),
    "ud_english_ewt": ("as written", tagging.CONDITIONS),
}
# Share of the validation digits that a threshold for what is no digit may take for none.
LOST = 0.01
AT_THRESHOLD = "threshold of 1 % lost"
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="robustness.py", description=__doc__)
    add_models(parser, OF_TASK)
    parser.add_argument(
        "--speakers",
        nargs="*",
        choices=SPEAKERS,
        metavar="SPEAKER",
        help=f"also train digits once without each of these speakers, and score that (default: {', '.join(SPEAKERS)})",
    )
    parser.add_argument("--baselines", action="store_true", help="also score the simple methods of the task in each")
    parser.add_argument("--no-scoring", action="store_true", help="write the tables of the figures that there are")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="runs that are there are taken (default: runs)")
    parser.add_argument("--update", type=Path, metavar="README.md", help="the file to put the tables into")
    return parser


def score(model: Any, task: Any) -> float:
    """Return a model's test metric by cpp_runner on a task."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt"
        zoo.save_artifact(model, path)
        return evaluate(path, task).cpp[task.metric]


def score_conditions(card: Card, baselines: bool) -> Card:
    """Write a model's metric in each condition of its task into its card; return the card.

    Args:
        card: of a shipped model.
        baselines: score the simple methods of its task, too, which learn once.
    """
    card = update_card(card.name, conditions={})
    methods = learn_baselines(card.task, make_task(card.task, card.task_options)) if baselines else {}
    for condition in ("", *OF_TASK[card.task][1]):
        if has_classes_for(card, condition):
            card = score_condition(card, condition, methods)  # written at once: all take minutes
    return score_threshold(card) if card.task == SPOKEN and has_classes_for(card, NO_DIGIT) else card


def score_condition(card: Card, condition: str, methods: dict[str, Any]) -> Card:
    """Write a model's metric in one more condition into its card; return the card.

    Args:
        card: of a shipped model.
        condition: of its task; empty for none.
        methods: scores of the simple methods to be scored, too, by their names.
    """
    name = condition or OF_TASK[card.task][0]
    task = make_task(card.task, card.task_options | {"condition": condition})
    figure = score(zoo.build(card.name, pretrained=True), task)
    print(f"{card.name}  {name}  {figure:.4f}", flush=True)
    card = update_card(card.name, conditions=card.conditions | {name: figure})
    return score_simple_methods(card, "baseline_conditions", name, methods, task)


def score_threshold(card: Card) -> Card:
    """Write what a threshold for what is no digit gives, which loses `LOST` of the validation digits; return the card.

    A sound is no digit where the probability of the last class is above the threshold. The digits of the test have to
    be below it and to be named rightly, and the others to be above it.
    """
    digits = make_task(SPOKEN, card.task_options)
    others = make_task(SPOKEN, card.task_options | {"condition": NO_DIGIT})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt"
        zoo.save_artifact(zoo.build(card.name, pretrained=True), path)

        def find_probabilities(batches: Any) -> Tensor:  # (N, 11)
            return torch.cat(run_in_cpp(path, batches)).softmax(1)

        threshold = float(find_probabilities(digits.validation_batches())[:, -1].quantile(1 - LOST))
        batches = digits.test_batches()
        said, unsaid = find_probabilities(batches), find_probabilities(others.test_batches())
    kept, rejected = tell_apart(said, torch.cat([batch.target for batch in batches]), unsaid, threshold)
    print(f"{card.name}  threshold {threshold:.4f}: {kept:.4f} of digits, {rejected:.4f} of others", flush=True)
    found = {f"as recorded, {AT_THRESHOLD}": kept, f"no digit, {AT_THRESHOLD}": rejected}
    return update_card(card.name, conditions=card.conditions | found)


def tell_apart(said: Tensor, digits: Tensor, unsaid: Tensor, threshold: float) -> tuple[float, float]:
    """Return the share of digits that are kept and named rightly, and of other sounds that are rejected.

    Args:
        said: probabilities (N, classes) for digits; the last class is what is no digit.
        digits: that were said, (N,).
        unsaid: probabilities (M, classes) for other sounds.
        threshold: the probability of the last class above which a sound is rejected.
    """
    right = (said[:, :-1].argmax(1) == digits) & (said[:, -1] <= threshold)
    return float(right.double().mean()), float((unsaid[:, -1] > threshold).double().mean())


def score_simple_methods(card: Card, field: str, key: str, methods: dict[str, Any], task: Any) -> Card:
    """Write the metric of simple methods on a task into a card, for each under a key of a field; return the card."""
    for method, score_method in methods.items():
        figure = score_method(task)[card.metric]
        print(f"{method}  {key}  {figure:.4f}", flush=True)
        known = getattr(card, field)
        card = update_card(card.name, **{field: known | {method: known.get(method, {}) | {key: figure}}})
    return card


def has_classes_for(card: Card, condition: str) -> bool:
    """Return whether a card's model knows the answers that a condition has."""
    return condition != NO_DIGIT or card.task_options.get("made_others", 0) > 0


def score_unseen_speakers(card: Card, speakers: Sequence[str], runs: Path, baselines: bool) -> None:
    """Write the metric on each speaker, of a model that is trained without this speaker, into a card.

    Args:
        card: of a shipped model of digits.
        speakers: to be left out, one at a time.
        runs: folder of the runs; those that are there are taken.
        baselines: score the simple methods, trained without the same speaker, too.
    """
    for speaker in speakers:
        folder = runs / f"{card.name}-without-{speaker}"
        if not (folder / METRICS).is_file():
            train(read_experiment(card.name, {"task.options.held_speaker": speaker}), folder, resume=True)
        task = make_task(SPOKEN, card.task_options | {"held_speaker": speaker})
        figure = score(zoo.load_checkpoint(folder / CHECKPOINT), task)
        print(f"{card.name}  without {speaker}  {figure:.4f}", flush=True)
        card = update_card(card.name, unseen_speakers=card.unseen_speakers | {speaker: figure})
        if baselines:
            methods = learn_baselines(card.task, task)
            card = score_simple_methods(card, "baseline_unseen_speakers", speaker, methods, task)


def put_tables(text: str, tables: dict[str, str]) -> str:
    """Return a text with the tables of those tasks for which it has markers.

    Raises:
        ValueError: it has none.
    """
    marked = [task for task in tables if MARKERS[task][0] in text]
    if not marked:
        raise ValueError(f"the file to update must hold the lines {MARKERS[SPOKEN][0]!r} and {MARKERS[SPOKEN][1]!r}")
    for task in marked:
        text = put_between(text, tables[task], MARKERS[task])
    return text


def main() -> int:
    args = make_parser().parse_args()
    try:
        for card in [] if args.no_scoring else choose_cards(args.models, OF_TASK):
            card = score_conditions(card, args.baselines)
            if args.speakers is not None and card.task == SPOKEN:
                score_unseen_speakers(card, args.speakers or SPEAKERS, args.runs, args.baselines)
        tables = {task: condition_table(choose_cards([], [task])) for task in OF_TASK}
        print("\n\n".join(tables.values()))
        if args.update is not None:
            args.update.write_text(put_tables(args.update.read_text(), tables))
    except (zoo.ZooError, ValueError, ImportError, OSError) as error:
        print(f"robustness.py: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
