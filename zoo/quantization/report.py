"""The report of the gate: what each recipe makes of a model, in bytes and in errors."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from torch import nn

from zoo.artifact import torchscript
from zoo.artifact.given_samples import check_samples, choose_samples
from zoo.artifact.golden import Sample
from zoo.artifact.parametrization import copy_module, make_plain_
from zoo.artifact.signature import infer_signature
from zoo.model import ATTRIBUTES
from zoo.quantization.conversion import quantize
from zoo.quantization.long_run import LONG, measure_long_run
from zoo.quantization.recipe import RecipeError, calibrate, find_recipe, list_recipes
from zoo.quantization.selection import check_names, select_layers
from zoo.quantization.sensitivity import rank_layers
from zoo.quantization.shift import FloatReference, OutputShift


@dataclass(frozen=True)
class RecipeReport:
    """What a recipe makes of a model.

    Args:
        recipe: its name.
        bytes: of the scripted model without manifest and golden samples; None where the recipe does not take it.
        share: of the float model's bytes.
        error: on the samples.
        long_error: over a long sequence that repeats the samples.
        layers: the converted layers and what each alone does to the outputs, rms over their deviation, the worst first.
        doubts: why the samples or the calibration inputs say little, one sentence each.
        refusal: why the recipe is refused; empty where the model is within its limits.
    """

    recipe: str
    bytes: int | None = None
    share: float | None = None
    error: OutputShift | None = None
    long_error: OutputShift | None = None
    layers: tuple[tuple[str, float], ...] = ()
    doubts: tuple[str, ...] = ()
    refusal: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "recipe": self.recipe,
            "bytes": self.bytes,
            "share": self.share,
            "error": None if self.error is None else self.error.to_dict(),
            "long_error": None if self.long_error is None else self.long_error.to_dict(),
            "layers": [{"name": name, "rms_of_std": rms} for name, rms in self.layers],
            "doubts": list(self.doubts),
            "refusal": self.refusal or None,
        }


def compare_recipes(
    model: nn.Module,
    recipes: Collection[str] | None = None,
    *,
    samples: Sequence[Sample] | None = None,
    calibration: Sequence[Sample] | None = None,
    include: Collection[str] | None = None,
    exclude: Collection[str] = (),
    steps: int = LONG,
) -> list[RecipeReport]:
    """Quantize a model with every recipe and report sizes and errors, also of those beyond their limits.

    Args:
        model: as `quantize` takes it.
        recipes: names of `list_recipes()`; None for all.
        samples: real inputs on which to measure; drawn at random if None.
        calibration: see `quantize`; recipes that learn nothing from it do without.
        include: see `quantize`.
        exclude: see `quantize`.
        steps: the length of the long sequence.

    Raises:
        RecipeError: a recipe does not exist, or `recipes`, `include` or `exclude` is no list of names.
        SampleError: a sample does not fit the model, or it gives NaN or Inf for one.
    """
    for option, names in (("recipes", recipes), ("include", include), ("exclude", exclude)):
        if names is not None:
            check_names(option, names)
    float_model = copy_module(model).eval()
    make_plain_(float_model)
    signature = infer_signature(float_model)
    if calibration is not None:
        check_samples("calibration", calibration, signature)
    reference = FloatReference(float_model, choose_samples(samples, signature), signature)
    whole = count_bytes(float_model)
    reports = []
    for name in list_recipes() if recipes is None else recipes:
        recipe = find_recipe(name)
        try:
            options: dict[str, Any] = {"samples": reference.samples, "include": include, "exclude": exclude}
            given = calibration if recipe.calibrated is not None else None
            quantized = quantize(model, name, allow_error=True, calibration=given, **options)
            record: Any = quantized.quantization
            layers = select_layers(float_model, recipe, list(record.layers), ())
        except RecipeError as refusal:
            reports.append(RecipeReport(name, refusal=str(refusal)))
            continue
        error, long_error = reference.measure(quantized), measure_long_run(reference, float_model, quantized, steps)
        ranked = rank_layers(float_model, calibrate(recipe, float_model, layers, given), layers, reference)
        size = count_bytes(quantized)
        beyond = [
            f"beyond the limit {where}"
            for where, shift in (("on the samples", error), (f"over {steps:,} steps", long_error))
            if shift.exceeds(recipe.limit)
        ]
        reports.append(
            RecipeReport(
                name,
                size,
                size / whole,
                error,
                long_error,
                tuple((layer, shift.rms_of_std) for layer, shift in ranked),
                tuple(record.doubts),
                "; ".join(beyond),
            )
        )
    return reports


def count_bytes(model: nn.Module) -> int:
    """Return the bytes of a model as a TorchScript file."""
    bare = copy_module(model)
    for module in bare.modules():
        for name in ATTRIBUTES:
            module.__dict__.pop(name, None)
    file = BytesIO()
    torchscript.save(torchscript.script(bare), file, {})
    return len(file.getvalue())
