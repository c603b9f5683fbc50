"""Each feature of an output is judged by its own size: a large one beside it hides nothing."""

from __future__ import annotations

import copy
import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any, List, Optional, Tuple

import pytest
import torch
from support.program import Program
from test_mutants import forge
from torch import Tensor, nn

import zoo
from zoo.artifact.features import count_features, measure_sizes, share_unit
from zoo.artifact.golden import draw_samples, record
from zoo.artifact.rounding import measure_rounding
from zoo.artifact.signature import infer_signature
from zoo.artifact.tolerances import INT8_LIMIT
from zoo.quantization.shift import FloatReference


class Own(nn.Module):
    """A recurrent layer; what it shows of it is the children's."""

    def __init__(self, hidden_size: int = 24) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.rnn = nn.GRU(4, hidden_size, batch_first=True)
        self.head = nn.Linear(hidden_size, 2)
        self.takes_lengths = False
        self.input_spec = zoo.TensorSpec("input", "float32", ("batch", "seq_len", 4))

    def read(self, hidden: Tensor) -> Tensor:
        return self.head(hidden)

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        nothing: List[Tensor] = []
        return self.read(self.rnn(input)[0]), nothing


def regressor(std: list[float], mean: list[float] | None = None) -> zoo.Model:
    model = zoo.build("lstm_regressor", input_size=4, hidden_size=16, num_targets=len(std), pooling="none", seed=0)
    zoo.set_units_(model, torch.tensor(mean or [0.0] * len(std)), torch.tensor(std))
    return model.eval()


def head_of(model: nn.Module) -> nn.Linear:
    return [part for part in model.modules() if isinstance(part, nn.Linear)][-1]


def zero_last_row(model: nn.Module) -> None:
    head_of(model).weight.data[-1] = 0


def negate(model: nn.Module) -> None:
    head_of(model).weight.data.neg_()


def scale_a_weight(model: nn.Module) -> None:
    weight = head_of(model).weight.data[-1]
    weight[weight.abs().argmax()] *= 1.01


@pytest.mark.parametrize("engine", ["auto", "aten"])
@pytest.mark.parametrize("mutate", [zero_last_row, negate, scale_a_weight])
@pytest.mark.parametrize(
    "model",
    [
        pytest.param(lambda: regressor([1e6, 1.0]), id="beside a large unit"),
        pytest.param(lambda: regressor([1e6, 1e6, 1e6, 1.0]), id="beside many large units"),
        pytest.param(lambda: regressor([1e-6]), id="small unit"),
        # A pressure, of which float32 holds the last 0.008 Pa.
        pytest.param(lambda: regressor([1e6, 1000.0], [0.0, 101325.0]), id="far from zero"),
    ],
)
def test_no_unit_hides_a_mutant(model: Any, mutate: Any, engine: str, program: Program, artifact: Path) -> None:
    model = model()
    zoo.save_artifact(model, artifact)
    program.succeed("verify", artifact, "--engine", engine)
    mutant = copy.deepcopy(model)
    mutate(mutant)
    forge(artifact, mutant)
    assert program("verify", artifact, "--engine", engine).status == 1


class Restarting(nn.Module):
    """A large output that streams, and a small one that restarts in each chunk."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.rnn = nn.GRU(4, 8, batch_first=True)
        self.other = nn.GRU(4, 8, batch_first=True)
        self.takes_lengths = False
        self.input_spec = zoo.TensorSpec("input", "float32", ("batch", "seq_len", 4))

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        before = self.initial_state(input.size(0)) if state is None else state
        large, after = self.rnn(input, before[0])
        return torch.cat([1e6 * large, self.other(input)[0][:, :, :1]], 2), [after]

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        return [torch.zeros(1, batch_size, 8)]


def test_a_small_output_that_restarts_in_each_chunk_is_found(program: Program, artifact: Path) -> None:
    saved = zoo.save_artifact(Restarting().eval(), artifact)
    assert saved.why_not_streamable.startswith("in chunks of 1 step output differs by 0.")
    program.succeed("verify", artifact)


class OtherInScript(Own):
    def read(self, hidden: Tensor) -> Tensor:
        small = self.head(hidden) * 1e-7
        return -small if torch.jit.is_scripting() else small


def test_a_file_whose_small_output_differs_is_not_written(artifact: Path) -> None:
    with pytest.raises(zoo.ZooError, match="or than the rounding of one of its outputs"):
        zoo.save_artifact(OtherInScript().eval(), artifact)
    assert not artifact.exists()


class Certain(Own):
    """Log-probabilities of labels of which one is certain: large numbers cancel in it."""

    def read(self, hidden: Tensor) -> Tensor:
        return (self.head(hidden) + torch.tensor([12.0, 0.0])).log_softmax(2)


class Still(Own):
    """A constant beside a signal, what is always zero, and rectified units that are mostly zero."""

    def read(self, hidden: Tensor) -> Tensor:
        signal = self.head(hidden)
        rare = torch.relu(signal - 0.7 * signal.abs().max())
        return torch.cat([signal, 0 * signal + 3.7, torch.zeros_like(signal), rare, 5000 + 1e-3 * signal], 2)


class Saturated(Own):
    """Hidden units that hardly move."""

    def read(self, hidden: Tensor) -> Tensor:
        signal = self.head(hidden)
        return torch.cat([signal, torch.tanh(8 + signal), torch.sigmoid(0.01 * signal)], 2)


@pytest.mark.parametrize("engine", ["auto", "aten"])
@pytest.mark.parametrize("kind", [Certain, Still, Saturated])
def test_what_hardly_moves_is_no_false_alarm(kind: Any, engine: str, program: Program, artifact: Path) -> None:
    zoo.save_artifact(kind().eval(), artifact)
    program.succeed("verify", artifact, "--engine", engine)


def test_a_label_that_is_certain_keeps_the_rounding_of_the_others() -> None:
    model = Certain().eval()
    signature = infer_signature(model)
    golden = record(model, draw_samples(signature))
    rounding = measure_rounding(model, golden, signature)
    certain = torch.cat([sample.output[..., 0].flatten() for sample in golden])
    assert rounding.feature_caps["output"][0] > 1e-2 * (certain.max() - certain.min())
    assert rounding.steady
    assert rounding.rows_independent


def test_a_file_of_before_says_nothing_of_features(program: Program, artifact: Path) -> None:
    zoo.save_artifact(regressor([1e6, 1.0]), artifact)

    def forget(value: Any) -> Any:
        if isinstance(value, dict):
            new = ("features", "of_rounding", "of_feature_range", "of_feature")
            return {key: forget(part) for key, part in value.items() if key not in new}
        return [forget(part) for part in value] if isinstance(value, list) else value

    rewrite_manifest(artifact, forget)
    program.succeed("verify", artifact)
    program.succeed("verify", artifact, "--precision", "int8")


def test_a_list_of_another_length_is_refused(program: Program, artifact: Path) -> None:
    zoo.save_artifact(regressor([1e6, 1.0]), artifact)

    def shorten(manifest: dict[str, Any]) -> dict[str, Any]:
        manifest["features"]["output"]["rounding"].pop()
        return manifest

    rewrite_manifest(artifact, shorten)
    assert "features of 'output' list 1 numbers, expected 2" in program("verify", artifact).error


def rewrite_manifest(artifact: Path, change: Any) -> None:
    with zipfile.ZipFile(artifact) as archive:
        extra = {name.partition("/extra/")[2]: archive.read(name) for name in archive.namelist() if "/extra/" in name}
    module = torch.jit.load(BytesIO(artifact.read_bytes()))
    extra["zoo_manifest.json"] = json.dumps(change(json.loads(extra["zoo_manifest.json"]))).encode()
    torch.jit.save(module, str(artifact), _extra_files=extra)


class Outlier(Own):
    """A small output whose head has an outlier, which takes the precision of all its other weights."""

    def __init__(self) -> None:
        super().__init__(32)
        self.fine, self.large = nn.Linear(32, 1), nn.Linear(32, 1)
        with torch.no_grad():
            self.fine.weight.mul_(0.02)
            self.fine.weight[0, 0] = 30.0
            for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):  # unit 0 is always zero
                getattr(self.rnn, name)[64] = 0

    def read(self, hidden: Tensor) -> Tensor:
        return torch.cat([1e3 * self.large(hidden), self.fine(hidden)], 2)


@pytest.mark.parametrize("recipe", ["int8", "portable_int8", "int4"])
def test_a_recipe_that_ruins_a_small_output_is_refused(recipe: str) -> None:
    with pytest.raises(zoo.RecipeError, match=r"single features by up to .* of their own range .*; feature 1\)"):
        zoo.quantize(Outlier().eval(), recipe)


def test_a_recipe_that_can_spares_the_layer_that_ruins_an_output() -> None:
    quantized = zoo.quantize(Outlier().eval(), "mixed")
    assert quantized.quantization is not None
    assert list(quantized.quantization.left_float) == ["fine"]
    assert not quantized.quantization.beyond_limit


def test_the_small_output_is_not_ruined_in_half_precision(program: Program, artifact: Path) -> None:
    zoo.save_artifact(zoo.quantize(Outlier().eval(), "bf16"), artifact)
    program.succeed("verify", artifact)


@pytest.mark.parametrize("recipe", ["bf16", "int8", "dynamic_int8"])
@pytest.mark.parametrize("std", [[1e6, 1.0], [1e-6], [1e6, 1e6, 1.0]])
def test_a_quantized_model_in_units_is_verified(
    std: list[float], recipe: str, program: Program, artifact: Path
) -> None:
    model = regressor(std)
    quantized = zoo.quantize(model, recipe, allow_error=True)  # untrained outputs move little
    zoo.save_artifact(quantized, artifact)
    program.succeed("verify", artifact)
    zero_last_row(model)
    forge(artifact, zoo.quantize(model, recipe, allow_error=True))
    assert program("verify", artifact).status == 1


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_a_cheap_precision_is_judged_by_each_feature(precision: str, program: Program, artifact: Path) -> None:
    model = regressor([1e3, 1.0])
    zoo.save_artifact(model, artifact)
    checks = program.succeed("verify", artifact, "--precision", precision, "--json").json["checks"]
    assert "all samples: each feature" in [check["name"] for check in checks]
    zero_last_row(model)
    forge(artifact, model)
    outcome = program("verify", artifact, "--precision", precision, "--json")
    assert outcome.status == 1
    assert "all samples: each feature" in [check["name"] for check in outcome.json["checks"] if not check["pass"]]


class Ordinal(Own):
    """One of many classes in order: a near miss is a miss."""

    def __init__(self, classes: int) -> None:
        super().__init__(64)
        self.score = nn.Linear(64, 1)
        self.classes = classes
        with torch.no_grad():
            self.score.weight.mul_(6)

    def read(self, hidden: Tensor) -> Tensor:
        return (self.score(hidden).squeeze(2) * self.classes).round().long()


@pytest.mark.parametrize("recipe", ["int8", "portable_int8"])
def test_whole_numbers_are_right_or_wrong(recipe: str, program: Program, artifact: Path) -> None:
    with pytest.raises(zoo.RecipeError, match=r"changes \d.*% of the outputs, which are whole numbers \(limit 2.0%\)"):
        zoo.quantize(Ordinal(200).eval(), recipe)
    zoo.save_artifact(Ordinal(200).eval(), artifact)
    program.succeed("verify", artifact)
    # The engine's self-check refuses the layer, since the whole numbers change.
    assert program("verify", artifact, "--precision", "int8").status == 1


def test_python_and_the_program_accept_the_same_share_of_whole_numbers(program: Program, artifact: Path) -> None:
    model = Ordinal(1).eval()
    quantized = zoo.quantize(model, "int8")
    assert quantized.quantization is not None
    assert quantized.quantization.error["changed"] <= INT8_LIMIT.rms_of_std
    zoo.save_artifact(quantized, artifact)
    program.succeed("verify", artifact)
    zoo.save_artifact(model, artifact)
    program.succeed("verify", artifact, "--precision", "int8")


def test_a_truth_value_is_whole() -> None:
    class Sign(Own):
        def read(self, hidden: Tensor) -> Tensor:
            return self.head(hidden) > 0

    model: Any = Sign().eval()
    reference = FloatReference(model, draw_samples(infer_signature(model)), infer_signature(model))
    wrong = reference.outputs.clone()
    wrong[:10] = 1 - wrong[:10]
    assert reference.compare(reference.outputs, wrong).changed == 10 / len(wrong)


def test_sizes_of_features() -> None:
    moves = torch.linspace(0, 1, 40).double()
    values = torch.stack([1e6 * moves, moves, 1e-3 * moves, torch.full_like(moves, 7), torch.zeros_like(moves)], 1)
    own = measure_sizes(values, shared=False)
    assert own.range.tolist() == pytest.approx([1e6, 1, 1e-3, 7, 1])  # zeros have the size of a typical one
    shared = measure_sizes(values[:, 1:], shared=True)
    assert shared.range.tolist() == pytest.approx([1, 1e-3, 7, 1e-3])
    assert measure_sizes(0 * values, shared=True).deviation.tolist() == [1] * 5
    assert measure_sizes(values[-2:], shared=False).range.tolist() == pytest.approx([1e6, 1, 1e-3, 7, 1])


def test_which_outputs_share_a_unit() -> None:
    assert share_unit(zoo.build("gru_tagger", input_size=4, num_classes=3), 3)
    assert share_unit(zoo.build("gru_encoder"), 256)
    assert not share_unit(regressor([1.0] * 20), 20)
    assert not share_unit(Own(), 2)
    assert count_features(zoo.TensorSpec("output", "float32", ("batch", "seq_len", 5))) == 5
    assert count_features(zoo.TensorSpec("output", "float32", ("batch", "seq_len"))) == 1
