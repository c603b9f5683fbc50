"""The shipped models of text and series: built with their weights, and the same in C++."""

from pathlib import Path

import pytest
from support.program import Program

import zoo
from zoo.training.cards import PRETRAINED, read_card
from zoo.training.shipping import real_samples
from zoo.training.tasks import find_task, make_task

NAMES = sorted(name for pattern in ("*_shakespeare", "*_tagger_*", "segrnn_*") for name in zoo.list_models(pattern))
SHIPPED = [name for name in NAMES if (PRETRAINED / name).is_dir()]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_model_is_proved_in_cpp(name: str, program: Program, artifact: Path) -> None:
    zoo.save_artifact(zoo.build(name, pretrained=True), artifact)
    program.succeed("verify", artifact)
    assert (PRETRAINED / name / "model.safetensors").stat().st_size < 4_000_000


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_model_is_proved_in_cpp_on_real_data(name: str, program: Program, artifact: Path) -> None:
    from support.data_sets import need

    card = read_card(PRETRAINED / name)
    need(find_task(card.task).about)
    zoo.save_artifact(
        zoo.build(name, pretrained=True), artifact, samples=real_samples(make_task(card.task, card.task_options))
    )
    program.succeed("verify", artifact)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_card_s_figures_agree_between_the_languages(name: str) -> None:
    card = read_card(PRETRAINED / name)
    tolerance = 0 if card.metric in ("accuracy", "f1") else 1e-6
    for metric, value in card.python.items():
        assert abs(value - card.cpp[metric]) <= tolerance
    shipped = next(result for result in card.seeds if result.seed == card.shipped)
    assert shipped.test[card.metric] == pytest.approx(card.python[card.metric], abs=1e-6)
