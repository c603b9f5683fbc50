"""The repr of a model: what goes in and comes out, in which units."""

import copy
import io
import pickle

import torch

import zoo
from zoo.description import write_description


def test_the_repr_of_any_model_has_its_input() -> None:
    lines = repr(zoo.build("lstm_language_model", vocab_size=30)).splitlines()
    assert [line.strip() for line in lines[1:3]] == ["lstm_language_model", "input: int64 (batch, seq_len) in 0..29"]


def test_the_repr_of_a_trained_model_says_what_is_meant() -> None:
    model = zoo.build("gru_detector_speech", pretrained=True)
    assert model.training_record is not None
    about = model.training_record["about"]
    text = repr(model)
    assert f"gru_detector_speech: {about['purpose']}" in text
    assert f"input: float32 (batch, seq_len, 256), {about['input']}" in text
    assert f"output: {about['output']}" in text
    assert f"not for: {about['not_for']}" in text


def test_words_that_nobody_said_are_left_out() -> None:
    spec = zoo.TensorSpec("input", "float32", ("batch", "seq_len", 2))
    about = {"purpose": "Tells.", "input": "a row a step", "output": "scores"}
    assert write_description("mine", spec, about).splitlines() == [
        "mine: Tells.",
        "input: float32 (batch, seq_len, 2), a row a step",
        "output: scores",
    ]


def test_the_words_stay_with_copies_and_quantized_models() -> None:
    model = zoo.build("gru_classifier_japanese_vowels", pretrained=True)
    words = repr(model).splitlines()[1:5]
    assert repr(copy.deepcopy(model)).splitlines()[1:5] == words
    assert repr(pickle.loads(pickle.dumps(model))).splitlines()[1:5] == words
    assert repr(zoo.quantize(model, "float16")).splitlines()[1:5] == words


def test_torchscript_leaves_the_words_out() -> None:
    stream = io.BytesIO()
    torch.jit.save(torch.jit.script(zoo.build("gru_encoder", input_size=3)), stream)
    stream.seek(0)
    assert "extra_repr" not in torch.jit.load(stream).code
