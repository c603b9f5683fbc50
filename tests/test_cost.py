"""Parameters and multiply-adds, counted by formula and compared with what the module holds."""

from typing import Any

import pytest
from support.small_models import build_small
from torch import nn
from torch.nn.utils import parametrizations

import zoo
from zoo.artifact import torchscript


@pytest.mark.parametrize("gates", [("lstm", 4), ("gru", 3), ("rnn", 1)])
@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_the_count_is_the_textbooks(gates: tuple[str, int], num_layers: int, bidirectional: bool, bias: bool) -> None:
    family, g = gates
    model = build_small(f"{family}_encoder", num_layers=num_layers, bidirectional=bidirectional, bias=bias)
    directions, size, expected, macs = 2 if bidirectional else 1, 12, 0, 0
    for _ in range(num_layers):
        macs += directions * g * 20 * (size + 20)
        expected += directions * g * 20 * (size + 20 + 2 * bias)  # two bias vectors
        size = 20 * directions
    cost = zoo.summary(model)
    assert cost.parameters == expected == sum(p.numel() for p in model.parameters())
    assert cost.macs_per_step == macs
    assert len(cost.layers) == num_layers * directions
    assert cost.bytes == {"fp32": 4 * expected, "bf16": 2 * expected, "int8": expected}


def test_a_projection_feeds_the_later_layers() -> None:
    cost = zoo.summary(build_small("lstm_encoder", proj_size=7))
    first = 80 * (12 + 7) + 2 * 80 + 7 * 20
    second = 80 * (7 + 7) + 2 * 80 + 7 * 20
    assert [layer.parameters for layer in cost.layers] == [first, second]
    assert cost.macs_per_step == first + second - 4 * 80


def test_whatever_multiplies_by_its_weight_is_counted_and_an_embedding_is_not() -> None:
    layers = nn.ModuleList([nn.Conv1d(3, 5, 7), nn.Linear(4, 6), nn.Embedding(10, 2), nn.LayerNorm(8)])
    assert [layer.macs_per_step for layer in zoo.summary(layers).layers] == [3 * 5 * 7, 4 * 6, 0, 0]


def test_the_table_names_every_layer() -> None:
    text = str(zoo.summary(build_small("gru_language_model", residual=True)))
    for name in ("front_end.embedding", "layers.0.rnn.l0", "layers.1.rnn.l0", "head", "total", "int8"):
        assert name in text


def test_a_weight_of_two_layers_counts_once_and_computed_weights_as_they_are_used() -> None:
    tied = nn.ModuleDict({"embedding": nn.Embedding(10, 4), "head": nn.Linear(4, 10, bias=False)})
    tied["head"].weight = tied["embedding"].weight
    assert [layer.parameters for layer in zoo.summary(tied).layers] == [40, 0]
    assert zoo.summary(tied).macs_per_step == 40
    plain, normed = nn.GRU(3, 5), parametrizations.weight_norm(nn.GRU(3, 5), "weight_hh_l0")
    assert zoo.summary(normed) == zoo.summary(plain)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (nn.ReLU(), "no parameters"),
        (None, "expected a torch.nn.Module, got NoneType"),
        (torchscript.script(nn.LSTM(3, 5)), "is scripted, which hides what its layers are; give the float model"),
        (zoo.quantize(build_small("lstm_tagger"), "float16", exclude=["head"]), "is quantized by 'float16'"),
    ],
    ids=["nothing", "none", "scripted", "quantized"],
)
def test_what_cannot_be_counted_is_refused(model: Any, words: str) -> None:
    with pytest.raises(zoo.ArgumentError, match=words):
        zoo.summary(model)
