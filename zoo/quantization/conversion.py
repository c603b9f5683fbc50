"""`quantize`: it lets a recipe convert a copy of a model, and proves that the recipe did what it promises."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import torch
from torch import nn

from zoo.artifact.given_samples import check_samples, choose_samples
from zoo.artifact.golden import Sample
from zoo.artifact.parametrization import copy_module, make_plain_
from zoo.artifact.signature import infer_signature
from zoo.artifact.unregistered import explain_unregistered, find_unregistered
from zoo.config.faults import to_plain, whole_number_faults
from zoo.model import Model, QuantizationRecord
from zoo.quantization.evidence import doubt_calibration, doubt_samples
from zoo.quantization.long_run import measure_long_run
from zoo.quantization.recipe import RecipeError, calibrate, find_recipe
from zoo.quantization.refusal import check_layers, explain_refusal
from zoo.quantization.selection import find_float_matrices, select_layers
from zoo.quantization.sensitivity import spare_layers
from zoo.quantization.shift import FloatReference, OutputShift
from zoo.quantization.stored_cells import is_written_cell
from zoo.quantization.trial import blame_layers, try_recipe
from zoo.quantized_parts import find_quantization, record_of_layer


def quantize(
    model: nn.Module,
    recipe: str,
    *,
    samples: Sequence[Sample] | None = None,
    calibration: Sequence[Sample] | None = None,
    include: Collection[str] | None = None,
    exclude: Collection[str] = (),
    steps: int = 0,
    allow_error: bool = False,
) -> Model:
    """Return a quantized copy of a model; the model stays as it is.

    Args:
        model: an eager float32 module on the CPU that keeps the contract. Weights that it computes from others, as
            under `weight_norm`, are taken as they are now.
        recipe: a name of `list_recipes()`.
        samples: real inputs on which to measure the error; drawn at random if None.
        calibration: real inputs, others than `samples`, from which recipes `int8` and `mixed` learn better biases, and
            `static_int8` the ranges of activations, without which it does nothing; all three learn which layers to
            smooth.
        include: the layers to convert, as names with wildcards (`backbone.*`) or as classes (`LSTM`, `Linear`;
            `RNNBase` is every recurrent layer); None for all that the recipe can convert.
        exclude: layers to leave in float, in the same way.
        steps: the length of a sequence, which repeats the samples, on which to measure the error, too; 0 for none. An
            error that a state carries can grow.
        allow_error: take the model even if the error is beyond the recipe's limit; the manifest says so.

    Returns:
        A new module in eval mode, as from `zoo.build`, with a `QuantizationRecord` as its `quantization`.

    Raises:
        RecipeError: the recipe does not exist or cannot take the model, `calibration` has next to no steps, a layer did
            not change, a module reads the weights of a converted layer, or the error is beyond the recipe's limit.
        SampleError: a sample does not fit the model, or it gives NaN or Inf for one.
    """
    chosen = find_recipe(recipe)
    steps = to_plain(steps)
    faults = whole_number_faults("steps", steps, 0)
    if faults:
        raise RecipeError(faults[0])
    objections = _objections(model)
    if objections:
        raise RecipeError(f"recipe {recipe!r} cannot take this model: " + "; ".join(objections))
    float_model = copy_module(model).eval()
    make_plain_(float_model)
    layers = select_layers(float_model, chosen, include, exclude)
    check_layers(float_model, chosen, layers)
    signature = infer_signature(float_model)
    doubts: list[str] = []
    if calibration is not None:
        check_samples("calibration", calibration, signature)
        doubts += doubt_calibration(calibration, signature)
    # Calibration and conversion run the user's code around layers that are no longer PyTorch's.
    chosen = blame_layers(lambda names: calibrate(chosen, float_model, names, calibration), chosen, layers)
    reference = FloatReference(float_model, choose_samples(samples, signature), signature)
    quantized: Any
    quantized, error = try_recipe(float_model, chosen, layers, reference)
    trials: list[tuple[str, OutputShift]] = []
    if error.exceeds(chosen.limit) and chosen.spares and len(layers) > 1:
        spared = spare_layers(float_model, chosen, layers, reference)
        quantized, layers, error, trials = spared.quantized, spared.layers, spared.error, spared.trials
    beyond, long_error = error.exceeds(chosen.limit), None
    if beyond and not allow_error:
        message = explain_refusal(float_model, chosen, layers, reference, error)
        if samples is None:
            raise RecipeError(f"{message}; these are drawn inputs, real ones may differ")
        raise RecipeError("; but ".join([message, *doubt_samples(float_model, reference)]))
    if steps:
        long_error = measure_long_run(reference, float_model, quantized, steps)
        if long_error.exceeds(chosen.limit):
            beyond = True
            if not allow_error:
                raise RecipeError(explain_refusal(float_model, chosen, layers, reference, long_error, steps))
    if samples is not None:
        doubts += doubt_samples(float_model, reference)
    made = QuantizationRecord(
        recipe=recipe,
        backend=torch.backends.quantized.engine if chosen.uses_backend else "",
        layers={name: type(layer).__name__ for name, layer in layers.items()},
        error=error.to_dict(),
        long_error={} if long_error is None else {"steps": steps, **long_error.to_dict()},
        beyond_limit=beyond,
        doubts=doubts,
        left_float={name: trial.to_dict() for name, trial in trials},
        float_matrices=find_float_matrices(float_model, quantized),
        replay=chosen.replay,
        regrouped=chosen.regrouped,
        uses_engine=chosen.uses_engine,
        calibrated=calibration is not None,
        float_activations=[
            name for name, layer in layers.items() if not chosen.rounds_activations or is_written_cell(layer)
        ],
        smoothed={
            name: alpha for name in layers if (alpha := getattr(quantized.get_submodule(name), "smoothing_alpha", 0.0))
        },
        # The whole and its chunks or rows may each be as far from the float outputs as the recipe moves them.
        error_of=reference.allowed_of(max(chosen.limit.max_of_range, 2 * error.max_of_range)),
        feature_error=max(
            chosen.limit.of_feature * chosen.limit.max_of_range, 2 * error.worst.max_of_range if error.worst else 0.0
        ),
    )
    for name in layers:  # so that a layer tells of its recipe in another module, too
        quantized.get_submodule(name).quantization = record_of_layer(made, name)
    quantized.quantization = made
    return quantized


def _objections(model: nn.Module) -> list[str]:
    """Return what no recipe can take, one sentence per reason."""
    if any(isinstance(m, torch.jit.ScriptModule) for m in model.modules()):
        return ["it is scripted, and PyTorch then silently changes nothing: quantize first, script afterwards"]
    done = find_quantization(model)
    if done is not None and getattr(model, "quantization", None) is None:
        return [f"{', '.join(done.layers)} of it are quantized already, by {done.recipe!r}; quantize all of it at once"]
    if done is not None:
        return [f"it is quantized already, by {done.recipe!r}"]
    found = []
    if hidden := find_unregistered(model):
        found.append(f"it {explain_unregistered(hidden)}")
    other = sorted({str(p.dtype) for p in model.parameters() if p.dtype != torch.float32})
    if other:
        found.append(f"its weights must be torch.float32, got {', '.join(other)}")
    if any(p.device.type != "cpu" for p in model.parameters()):
        found.append("its weights must lie on the CPU: call .cpu() first")
    return found
