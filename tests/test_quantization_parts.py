"""A module of one's own around quantized parts: files, tolerances and refusals are those of a quantized model."""

import subprocess
import sys
from pathlib import Path
from typing import Any, List, Optional, Tuple

import pytest
import torch
from support.program import Program
from torch import Tensor, nn

import zoo
from zoo.quantized_parts import find_quantization

LOAD = "import sys, torch, zoo; print(zoo.load_artifact(sys.argv[1])(torch.zeros(1, 3, 4))[0].shape)"


class Around(nn.Module):
    """A head on what an encoder gives."""

    input_spec = zoo.TensorSpec("input", "float32", ("batch", "seq_len", 4))

    def __init__(self, encoder: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.encoder, self.head = encoder, head

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        output, state_n = self.encoder(input, lengths, state)
        return self.head(output), state_n

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        return self.encoder.initial_state(batch_size)


def encoder(recipe: str) -> Any:
    return zoo.quantize(zoo.build("gru_encoder", input_size=4, hidden_size=8, seed=0), recipe)


def around(recipe: str) -> Any:
    torch.manual_seed(0)
    return Around(encoder(recipe), nn.Linear(8, 3)).eval()


@pytest.mark.parametrize("recipe", ["int8", "float16", "dynamic_int8"])
def test_its_file_is_one_of_a_quantized_model(recipe: str, artifact: Path, program: Program) -> None:
    model = around(recipe)
    zoo.save_artifact(model, artifact)
    manifest = zoo.load_artifact(artifact).manifest
    own = model.encoder.quantization
    record = manifest["quantization"]
    assert (record["recipe"], record["operators"], record["engine"]) == (recipe, own.uses_engine, own.backend)
    assert record["layers"] == {"encoder.backbone.stack.rnn": "GRU"}
    assert record["error"] == {}  # nobody compared the whole with a float one
    assert manifest["tolerances"]["cpu"]["replay"]["atol"] == own.replay.atol
    if recipe == "int8":  # the file has these weights: it is not compared with a float model's numbers
        assert manifest["precisions"]["int8"]["whole"]["atol"] == own.replay.atol
    if recipe == "dynamic_int8":  # a chunk may differ by a share of the range
        assert 0.001 < manifest["tolerances"]["cpu"]["stream"]["atol_of"]["output"] < 1
    program.succeed("verify", artifact)


def test_a_new_process_loads_it(artifact: Path) -> None:
    zoo.save_artifact(around("int8"), artifact)
    done = subprocess.run([sys.executable, "-c", LOAD, artifact], capture_output=True, text=True, check=False)
    assert "[1, 3, 3]" in done.stdout, done.stderr


def test_layers_tell_of_their_recipes_without_their_model() -> None:
    head: Any = zoo.quantize(zoo.build("lstm_tagger", input_size=4, num_classes=3, hidden_size=8, seed=0), "bf16").head
    record = find_quantization(nn.ModuleDict({"a": encoder("float16").backbone, "b": nn.Sequential(head)}))
    assert record is not None
    assert record.recipe == "bf16 and float16"
    assert record.layers == {"a.stack.rnn": "GRU", "b.0": "Linear"}
    assert record.float_activations == ["a.stack.rnn", "b.0"]
    assert record.uses_engine
    assert find_quantization(zoo.build("gru_encoder", input_size=4, hidden_size=8)) is None


def test_a_module_that_is_called_quantization_is_no_record(artifact: Path) -> None:
    model = Around(zoo.build("gru_encoder", input_size=4, hidden_size=8, seed=0), nn.Linear(8, 3)).eval()
    model.quantization = nn.Identity()
    assert find_quantization(model) is None
    zoo.save_artifact(model, artifact)
    assert zoo.load_artifact(artifact).manifest["quantization"] is None


def test_what_takes_float_models_refuses_it(tmp_path: Path) -> None:
    model = around("int8")
    with pytest.raises(zoo.RecipeError, match=r"encoder\.backbone\.stack\.rnn of it are quantized already, by 'int8'"):
        zoo.quantize(model, "int8")
    with pytest.raises(zoo.WeightsError, match="quantized, by 'int8'"):
        zoo.load_weights_(model, model.state_dict())
    with pytest.raises(zoo.OnnxError, match="quantized"):
        zoo.export_onnx(model, tmp_path / "model.onnx")
