"""Names, patterns, nearest names, and one's own models."""

import pytest
import torch
from torch import nn

import zoo
from zoo.config import EncoderConfig
from zoo.models.encoder import Encoder
from zoo.models.presets import FAMILIES, TASKS
from zoo.registry import _entries


def test_every_family_has_every_task() -> None:
    for family in FAMILIES:
        assert {f"{family}_{task}" for task in TASKS} <= set(zoo.list_models(f"{family}_*"))
    assert zoo.list_models("peephole_*") == sorted(f"peephole_lstm_{task}" for task in TASKS)
    assert zoo.list_models("perceptron*") == []


def test_trained_models_are_told_apart() -> None:
    trained, others = zoo.list_models(trained=True), zoo.list_models(trained=False)
    assert "gru_classifier_fsdd" in trained
    assert "gru_classifier" in others
    assert sorted(trained + others) == zoo.list_models()
    assert all(name.startswith("segrnn_") for name in zoo.list_models("segrnn_*", trained=True))


def test_an_unknown_name_gets_the_nearest_ones() -> None:
    with pytest.raises(zoo.UnknownModelError, match="'gru_taggr'; did you mean gru_tagger"):
        zoo.build("gru_taggr")


def test_ones_own_model_is_built_by_name() -> None:
    config = EncoderConfig(cell="gru", hidden_size=8)
    zoo.register_model("my_encoder", config, Encoder)
    try:
        model = zoo.build("my_encoder", hidden_size=9)
        assert model.config.hidden_size == 9
        assert not model.training
        with pytest.raises(ValueError, match="registered already"):
            zoo.register_model("my_encoder", config, Encoder)
    finally:
        del _entries["my_encoder"]
    with pytest.raises(ValueError, match="letters, digits and underscores"):
        zoo.register_model("my encoder", config, Encoder)


def test_a_seed_gives_the_same_weights_and_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = zoo.build("lstm_encoder", hidden_size=8, seed=3)
    assert torch.equal(torch.rand(3), expected)
    second = zoo.build("lstm_encoder", hidden_size=8, seed=3)
    other = zoo.build("lstm_encoder", hidden_size=8, seed=4)

    def flat(model: nn.Module) -> torch.Tensor:
        return nn.utils.parameters_to_vector(model.parameters())

    assert torch.equal(flat(first), flat(second))
    assert not torch.equal(flat(first), flat(other))


def test_pretrained_without_weights_is_refused() -> None:
    with pytest.raises(zoo.ConfigError, match="comes without trained weights"):
        zoo.build("lstm_encoder", pretrained=True)


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("lstm_classifier", {"hidden_size": 10**9}, r"with hidden_size=1000000000, input_size=16 does not fit .* GiB"),
        ("gru_classifier", {"hidden_size": 10**18}, "one weight has too many numbers; give smaller sizes"),
        ("rnn_classifier", {"hidden_size": 10**30}, "one weight has too many numbers; give smaller sizes"),
        ("lstm_language_model", {"vocab_size": 10**13}, "lstm_language_model with vocab_size=10000000000000, "),
    ],
)
def test_a_model_that_does_not_fit_into_memory_is_refused(name: str, fields: dict[str, int], words: str) -> None:
    with pytest.raises(zoo.ConfigError, match=words) as caught:
        zoo.build(name, **fields)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_names_that_cannot_be_taken_or_found_are_refused() -> None:
    for name, words in (("lstm_encoder", "registered already"), ("a model", "letters, digits"), (3, "got 3")):
        with pytest.raises(zoo.RegistrationError, match=words):
            zoo.register_model(name, None, nn.Linear)
    with pytest.raises(zoo.RegistrationError, match="'uniform' is registered already"):
        zoo.register_init("uniform")(lambda block, role, generator: None)
    with pytest.raises(zoo.UnknownModelError, match=r"a model's name is a string, got \['gru'\]"):
        zoo.build(["gru"])
    with pytest.raises(zoo.RecipeError, match=r"no recipe is called \['int8'\]"):
        zoo.find_recipe(["int8"])
