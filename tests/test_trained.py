"""The shipped models: their files, their cards, and cpp_runner reaching the cards' figures."""

import re
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import _cards
import numpy as np
import pytest
import torch
from _about import ABOUT, read_about
from _card_page import PAGE, write_page
from _cards import PRETRAINED, Card, SeedResult, median_seed, read_card, read_cards, update_card
from _shipping import MOST_BYTES, real_samples
from _tables import CARDS as TABLE_OF_CARDS
from _tables import CONDITIONS, card_table, condition_table, recipe_table
from robustness import tell_apart
from support.data_sets import need
from support.program import Program

import zoo
from zoo.models.trained import TRAINED
from zoo.training.evaluation import evaluate
from zoo.training.experiment import list_experiments
from zoo.training.markdown import put_between
from zoo.training.tasks import find_task, make_task

CARDS = {card.name: card for card in read_cards()}
README = Path(__file__).parents[1] / "README.md"
PAGES_OF_CONDITIONS = {
    "fsdd": README,
    "languages": PRETRAINED / "README.md",
    "speech_activity": PRETRAINED / "README.md",
    "ud_english_ewt": PRETRAINED / "README.md",
}
# Another processor rounds otherwise, and may so tip a case in a hundred thousand.
OTHER_MACHINE = 2e-3
# Figures that are means of outputs, or of millions of pairs of them. All others are counted, and the languages count
# the same.
MEANS = {"nll", "calibration_error", "nats_per_character", "nats_in_blocks", "mse", "mae", "area_under_roc"}
# Options that leave out test parts too long for a test; their figures are those of scripts/score_models.py alone.
SHORTER = {"fsdd_detection": {"hours_without": 0}}


# Experiments without weights: their models are not ahead of simple methods by as much as we ask for.
EXAMPLES = {"gru_classifier_names", "lstm_tagger_wnut17"}


def test_every_trained_model_has_an_experiment_and_a_card() -> None:
    assert set(TRAINED) - EXAMPLES == set(CARDS)
    assert set(TRAINED) <= set(list_experiments())
    assert set(zoo.list_models(trained=True)) == set(CARDS)


@pytest.mark.parametrize("name", CARDS)
def test_no_model_ranks_below_a_simple_method(name: str) -> None:
    """Where both were heard or read in several conditions, by the mean of them: that is what such a model is for."""
    card = CARDS[name]
    sign = 1 if card.mode == "max" else -1
    for method, figures in card.baselines.items():
        theirs = card.baseline_conditions.get(method) or {"test": figures[card.metric]}
        ours = {condition: card.conditions.get(condition, fmean(card.test)) for condition in theirs}
        assert sign * fmean(ours.values()) > sign * fmean(theirs.values()), method


@pytest.mark.parametrize("name", CARDS)
def test_shipped_weights_are_small_and_proved_in_cpp(name: str, program: Program, artifact: Path) -> None:
    """With golden samples that are drawn, so without the data set."""
    card = CARDS[name]
    model = zoo.build(name, pretrained=True)
    assert sum(parameter.numel() for parameter in model.parameters()) == card.parameters
    assert (PRETRAINED / name / "model.safetensors").stat().st_size == card.bytes < MOST_BYTES
    zoo.save_artifact(model, artifact)
    program.succeed("verify", artifact)


@pytest.mark.parametrize("name", CARDS)
def test_shipped_files_say_what_their_outputs_are(name: str) -> None:
    card, model = CARDS[name], zoo.build(name, pretrained=True)
    record = model.training_record
    assert record is not None
    assert (record["dataset"], record["dataset_license"]) == (card.data, card.license)
    assert record["task"]["options"] == card.task_options
    assert record["metrics"]["test"] == next(one.test for one in card.seeds if one.seed == card.shipped)
    said, config = record["task"]["record"], model.config.to_dict()
    if "num_labels" in config:  # label 0 is the blank, or the end
        names = said.get("labels") or config["phonemes"]
        assert len(names) == config["num_labels"] - 1
    elif "num_classes" in config:
        names = said.get("classes") or config["tags"]
        assert len(set(names)) == config["num_classes"]


@pytest.mark.parametrize("name", CARDS)
def test_a_model_has_a_page_of_its_words_and_figures(name: str) -> None:
    folder = PRETRAINED / name
    about = read_about(folder)
    assert (folder / PAGE).read_text() == write_page(CARDS[name], about), (
        "run scripts/model_cards.py --update README.md"
    )
    record = zoo.build(name, pretrained=True).training_record
    assert record is not None
    assert record["about"] == about.to_record()


def test_a_model_without_words_does_not_ship(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_about(tmp_path)
    (tmp_path / ABOUT).write_text('purpose = "all"\n')
    with pytest.raises(ValueError, match="must have the fields purpose, not_for, input, output, split, failures"):
        read_about(tmp_path)


@pytest.mark.parametrize("name", ["gru_classifier_fsdd", "lstm_tagger_ud_ewt", "gru_detector_fsdd"])
def test_the_program_names_what_the_scores_are_of(name: str, program: Program, artifact: Path, tmp_path: Path) -> None:
    model = zoo.build(name, pretrained=True)
    zoo.save_artifact(model, artifact)
    record, config = model.training_record or {}, model.config.to_dict()
    names = record["task"]["record"].get("classes") or config["tags"]
    assert re.search(rf"^labels +{', '.join(names)}$", program.succeed("info", artifact).stdout, re.MULTILINE)
    rows = 9 if name == "lstm_tagger_ud_ewt" else 1
    shape = (1, rows, 32) if rows > 1 else (1, 40, 80)
    input = torch.randint(97, 122, shape) if rows > 1 else torch.randn(shape)
    np.save(tmp_path / "input.npy", input.numpy())
    text = program.succeed(artifact, tmp_path / "input.npy").stdout.splitlines()
    (output,) = program.succeed(artifact, tmp_path / "input.npy", "--json").json["outputs"]
    if name == "gru_detector_fsdd":  # several of its labels may hold, or none
        assert not any("label" in line for line in text)
        assert "labels" not in output
        return
    shares, places = model(input)[0].reshape(rows, -1).softmax(1).max(1)
    expected = [names[k] for k in places]
    assert [label["name"] for label in output["labels"]] == expected[:8]
    np.testing.assert_allclose([label["probability"] for label in output["labels"]], shares[:8].tolist(), atol=1e-5)
    shown = text[-1].replace(" (", ", ").split(", ")[::2]
    assert text[0].split()[:3] == ["output", "float32", f"1x{len(names)}" if rows == 1 else f"1x9x{len(names)}"]
    if rows == 1:
        assert shown == [f"label: {expected[0]}"]
    else:
        assert shown == [f"labels: {expected[0]}", *expected[1:6], "..."]


def test_a_forecaster_says_how_many_steps_it_learnt_from(program: Program, artifact: Path, tmp_path: Path) -> None:
    zoo.save_artifact(zoo.build("segrnn_forecaster_etth1_96", pretrained=True), artifact)
    assert re.search(r"^look-back +336 steps, as in training$", program.succeed("info", artifact).stdout, re.MULTILINE)
    warning = "the input has {} steps, and the model learnt from 336; give it as many"
    for steps in (20, 336, 400):
        np.save(tmp_path / "input.npy", np.random.default_rng(0).normal(size=(2, steps, 7)).astype(np.float32))
        outcome = program.succeed(artifact, tmp_path / "input.npy")
        assert (warning.format(steps) in outcome.stderr) == (steps < 336)
    np.save(tmp_path / "lengths.npy", np.array([400, 30]))
    outcome = program.succeed(artifact, tmp_path / "input.npy", "--lengths", tmp_path / "lengths.npy")
    assert warning.format(30) in outcome.stderr


def test_info_has_the_words_of_a_trained_model(program: Program, artifact: Path) -> None:
    zoo.save_artifact(zoo.build("gru_classifier_fsdd", pretrained=True), artifact)
    lines = program.succeed("info", artifact).stdout.splitlines()
    about = read_about(PRETRAINED / "gru_classifier_fsdd")
    for label, words in (
        ("purpose", about.purpose),
        ("not for", about.not_for),
        ("input is", about.input),
        ("output is", about.output),
    ):
        assert f"{label:<17}{words}" in lines
    zoo.save_artifact(zoo.build("gru_encoder"), artifact)
    assert "purpose" not in program.succeed("info", artifact).stdout


@pytest.mark.parametrize("name", CARDS)
def test_a_card_s_figures_agree(name: str) -> None:
    card = CARDS[name]
    assert card.shipped == median_seed(card.seeds, card.metric, card.passed_over, card.chosen_by)
    shipped = next(result for result in card.seeds if result.seed == card.shipped)
    assert shipped.test == pytest.approx(card.python, abs=1e-6)
    assert card.cpp.keys() == card.python.keys()
    for figure, value in card.python.items():
        assert abs(value - card.cpp[figure]) <= (1e-6 if figure in MEANS else 0), figure


@pytest.mark.parametrize("name", CARDS)
def test_cpp_reaches_the_figure_of_the_card(name: str, program: Program, artifact: Path) -> None:
    card = CARDS[name]
    need(find_task(card.task).about)
    task = make_task(card.task, {**card.task_options, **SHORTER.get(card.task, {})})
    zoo.save_artifact(zoo.build(name, pretrained=True).eval(), artifact, samples=real_samples(task))
    assert program.succeed("verify", artifact, "--json").json["pass"]
    done = evaluate(artifact, task)
    assert done.cpp.keys() <= card.cpp.keys() if card.task in SHORTER else done.cpp.keys() == card.cpp.keys()
    for figure, value in done.cpp.items():
        assert value == pytest.approx(done.python[figure], abs=1e-6, rel=1e-6), figure
        assert value == pytest.approx(card.cpp[figure], abs=OTHER_MACHINE, rel=OTHER_MACHINE), figure


def test_the_readme_shows_the_cards() -> None:
    text, cards = README.read_text(), list(CARDS.values())
    assert card_table(cards) in text, "run scripts/model_cards.py --update README.md"
    assert recipe_table(cards) in text, "run scripts/model_cards.py --update README.md"


# Points of 100 by which int8 may be worse than float; as a share of the metric where that is an error that has no top.
MOST_LOST, MOST_LOST_SHARE = 0.005, 0.005


@pytest.mark.parametrize("name", CARDS)
def test_int8_keeps_the_metric_of_float_in_cpp(name: str) -> None:
    card = CARDS[name]
    before, after = card.recipes["fp32"]["metric"], card.recipes["int8"]["metric"]
    lost = before - after if card.mode == "max" else after - before
    unbounded = card.metric in ("mse", "nats_per_character")
    assert lost <= (MOST_LOST_SHARE * before if unbounded else MOST_LOST)
    assert "refused" not in card.recipes["int8"]


@pytest.mark.parametrize("task", CONDITIONS)
def test_a_page_shows_the_conditions(task: str) -> None:
    heard = [card for card in CARDS.values() if card.conditions and card.task == task]
    page = PAGES_OF_CONDITIONS[task]
    if heard:
        assert condition_table(heard) in page.read_text(), f"run scripts/robustness.py --update {page}"
    assert {card.task for card in CARDS.values() if card.conditions} <= set(CONDITIONS)


def test_conditions_and_unseen_speakers_stand_in_a_table() -> None:
    card = replace(make_card([0.7]), conditions={"as recorded": 0.9}, unseen_speakers={"a": 0.5, "b": 0.7})
    assert condition_table([card]).splitlines()[2:] == [
        "| as recorded | 0.9000 |",
        "| unseen speaker, mean of 2 | 0.6000 |",
        "| unseen speaker, worst of 2 | 0.5000 |",
    ]


def test_a_card_keeps_what_another_script_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cards, "PRETRAINED", tmp_path)
    (tmp_path / "toy").mkdir()
    make_card([0.7]).write(tmp_path / "toy")
    update_card("toy", conditions={"rain": 0.6})
    card = update_card("toy", baselines={"plain": {"accuracy": 0.5}})
    assert (card.conditions, card.baselines) == ({"rain": 0.6}, {"plain": {"accuracy": 0.5}})
    assert read_card(tmp_path / "toy") == card


def test_simple_methods_stand_beside_the_model_in_a_condition() -> None:
    others = {"plain": {"all": 0.8, "rain": 0.61}, "plainer": {"all": 0.7}}
    conditions = {"all": 0.9, "rain": 0.7, "snow": 0.6}
    unseen = {"plain": {"a": 0.4, "b": 0.3}}
    heard = {"baseline_conditions": others, "unseen_speakers": {"a": 0.5, "b": 0.6}, "baseline_unseen_speakers": unseen}
    card = replace(make_card([0.7]), conditions=conditions, **heard)
    assert condition_table([card]).splitlines() == [
        "| accuracy | `toy` in C++ | plain | plainer |",
        "| --- | --- | --- | --- |",
        "| all | 0.9000 | 0.8000 | 0.7000 |",
        "| rain | 0.7000 | 0.6100 | - |",
        "| snow | 0.6000 | - | - |",
        "| unseen speaker, mean of 2 | 0.5500 | 0.3500 | - |",
        "| unseen speaker, worst of 2 | 0.5000 | 0.3000 | - |",
    ]


def make_card(tests: list[float], mode: str = "max") -> Card:
    seeds = [SeedResult(seed, {"accuracy": value}, {"accuracy": value}, 10.0) for seed, value in enumerate(tests)]
    return Card(
        name="toy",
        data="Toys",
        license="CC0",
        address="https://example.org",
        task="toys",
        task_options={},
        metric="accuracy",
        mode=mode,
        seeds=seeds,
        shipped=median_seed(seeds, "accuracy"),
        parameters=7,
        bytes=2_000_000,
        python={"accuracy": 0.5},
        cpp={"accuracy": 0.5},
        worst_output_difference=0.0,
    )


@pytest.mark.parametrize(("mode", "best"), [("max", ("other", 0.9)), ("min", ("one", 0.2))])
def test_the_best_simple_method_stands_beside_the_model(mode: str, best: tuple[str, float]) -> None:
    card = replace(make_card([0.7], mode), baselines={"one": {"accuracy": 0.2}, "other": {"accuracy": 0.9}})
    assert card.best_baseline == best
    assert f"| {best[1]:.4f} ({best[0]}) |" in card_table([card])


def test_the_median_seed_is_shipped() -> None:
    assert make_card([0.7, 0.9, 0.8]).shipped == 2
    assert make_card([0.7, 0.9]).shipped == 0
    assert median_seed(make_card([0.7, 0.9, 0.8]).seeds, "accuracy", {"2": "refused"}) == 0
    seeds = [SeedResult(k, {"accuracy": v}, {"accuracy": t}, 1.0) for k, (v, t) in enumerate([(1, 3), (2, 1), (3, 2)])]
    assert median_seed(seeds, "accuracy") == 1
    assert median_seed(seeds, "accuracy", split="test") == 2


def test_the_table_goes_between_its_markers(tmp_path: Path) -> None:
    table = card_table([make_card([0.7, 0.9, 0.8])])
    row = "| `toy` | Toys, CC0 | accuracy | 0.8000 (0.7000 to 0.9000; 3) | - | 0.5000 | 0.5000 | - | - | 2.00 | 10 |"
    assert row in table
    calibrated = replace(make_card([0.7]), cpp={"accuracy": 0.5, "calibration_error": 0.0126})
    assert "| 0.5000 | 0.5000 | - | 0.013 | 2.00 | 10 |" in card_table([calibrated])
    int8: dict[str, dict[str, Any]] = {"int8": {"metric": 0.4}, "dynamic_int8": {"metric": 0.3}}
    assert "| 0.5000 | 0.5000 | 0.4000 | - |" in card_table([replace(make_card([0.7]), recipes=int8)])
    int8["int8"]["refused"] = "beyond the limit"
    assert "| 0.5000 | 0.5000 | 0.4000 (refused) | - |" in card_table([replace(make_card([0.7]), recipes=int8)])
    text = f"before\n{TABLE_OF_CARDS[0]}\nold\n{TABLE_OF_CARDS[1]}\nafter\n"
    assert (
        put_between(text, table, TABLE_OF_CARDS)
        == f"before\n{TABLE_OF_CARDS[0]}\n{table}\n{TABLE_OF_CARDS[1]}\nafter\n"
    )
    with pytest.raises(ValueError, match="must hold the lines"):
        put_between("nothing", table, TABLE_OF_CARDS)
    card = make_card([0.7, 0.9, 0.8])
    (tmp_path / "toy").mkdir()
    card.write(tmp_path / "toy")
    assert read_cards(tmp_path) == [card]


def test_a_threshold_keeps_digits_and_rejects_others() -> None:
    said = torch.tensor([[0.9, 0.05, 0.05], [0.2, 0.7, 0.1], [0.1, 0.6, 0.3], [0.3, 0.2, 0.5]])
    unsaid = torch.tensor([[0.0, 0.7, 0.3], [0.5, 0.4, 0.1], [0.0, 0.0, 1.0]])
    digits = torch.tensor([0, 0, 1, 0])  # the second one is named wrongly
    assert tell_apart(said, digits, unsaid, 0.3) == (0.5, pytest.approx(1 / 3))
    assert tell_apart(said, digits, unsaid, 0.05) == (0.25, 1.0)
    assert tell_apart(said, digits, unsaid, 0.6) == (0.75, pytest.approx(1 / 3))
