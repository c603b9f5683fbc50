"""Text in and labels out: a tagger of words and an identifier of languages, in the program and in the library."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from support.embedding import ROOT, build
from support.program import BAD_DATA, USAGE, Program
from torch import Tensor

import zoo
from zoo.models.characters import spell

SENTENCE = "The naïve dog\tbarks at Llanfairpwllgwyngyllgogerychwyrndrobwll ."  # one word is longer than 32 bytes
LETTER = "Der Befehl zeigt die Größe aller Dateien."


def encode(name: str, text: str) -> Tensor:
    """Return what Python makes of a text."""
    if name == "lstm_tagger_ud_ewt":
        return spell(text.split(), 32).unsqueeze(0)
    return torch.tensor(list(text.encode())).unsqueeze(0)


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the examples; return their folder."""
    return build(ROOT / "cpp_runner" / "examples", tmp_path_factory.mktemp("examples"))


@pytest.mark.parametrize(
    ("name", "text"), [("lstm_tagger_ud_ewt", SENTENCE), ("cnn_lstm_classifier_languages", LETTER)]
)
def test_a_text_goes_in_and_its_labels_come_out(
    name: str, text: str, program: Program, examples: Path, artifact: Path
) -> None:
    model: Any = zoo.build(name, pretrained=True)
    zoo.save_artifact(model, artifact)
    manifest = program.succeed("info", artifact, "--json").json["manifest"]
    scores = model(encode(name, text))[0].reshape(-1, len(manifest["labels"]["names"]))
    expected = [manifest["labels"]["names"][k] for k in scores.argmax(1).tolist()]
    output = program.succeed(artifact, f"str:{text}", "--json").json["outputs"][0]
    assert [label["name"] for label in output["labels"]] == expected
    torch.testing.assert_close(torch.tensor(output["first"]), scores.flatten()[:8], atol=1e-4, rtol=1e-5)
    shown = program.succeed(artifact, f"str:{text}").stdout.splitlines()[-1]
    assert shown.startswith("labels: " if len(expected) > 1 else "label: ")
    assert [part.split(" ")[0] for part in shown.split(": ", 1)[1].split(", ")] == expected
    done = subprocess.run([examples / "tag", artifact, text], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == expected


def test_a_text_that_a_model_does_not_take_is_refused(
    program: Program, models: dict[str, Path], artifact: Path
) -> None:
    outcome = program(models["float"], "str:hello")
    assert (outcome.status, outcome.stdout) == (USAGE, "")
    assert "the model takes no text: 'input' is float32 (batch x seq_len x 12), expected bytes 0..255" in outcome.error
    outcome = program(models["token"], "str:hello")  # its tokens are no bytes
    assert outcome.status == USAGE
    assert "the model takes no text" in outcome.error
    zoo.save_artifact(zoo.build("cnn_lstm_classifier_languages", pretrained=True), artifact)
    outcome = program(artifact, "str:")
    assert outcome.status == BAD_DATA
    assert "the text is empty" in outcome.error
    outcome = program(artifact, "str:a", "--dtype", "uint8")
    assert outcome.status == USAGE
    assert "--dtype is for an input file, and none is given" in outcome.error
