"""`zoo script`: build a model, or load one, and write it as an artifact."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

import zoo
from zoo.cli.models import add_model_arguments, make_model, name_output
from zoo.cli.parser import new_parser

DESCRIPTION = "Build a model, script it, check it and write it as an artifact, which cpp_runner runs."
EXAMPLES = """\
examples:
  a registered model with initial weights:
    PROGRAM lstm_classifier input_size=12 num_classes=9 -o model.pt
  with trained weights, quantized:
    PROGRAM gru_tagger num_classes=17 --weights tagger.safetensors \\
        --recipe dynamic_int8 -o tagger.pt
  from a checkpoint folder (config.json and model.safetensors):
    PROGRAM checkpoints/tagger -o tagger.pt
  a model of ONNX or Keras, which is found among those of the zoo and proved:
    PROGRAM tagger.onnx -o tagger.pt
  your own class in my_nets.py, with forward(x), and after x lengths, state=None or both:
    PROGRAM my_nets:Filter channels=4 --input-dims batch,seq_len,4 -o filter.pt
  all models, initialisation schemes and recipes:
    PROGRAM --list
"""


# Steps of the sequence over which a recipe has to keep its limit.
LONG_RUN = 10_000
# Of weights in one line.
MOST_NAMES = 4


def add_layer_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says which layers a recipe converts, and what it learns from."""
    parser.add_argument(
        "--calibration",
        type=Path,
        action="append",
        metavar="FILE",
        help="a real input (.npy) or a folder of them, other than the samples, from which a recipe learns; may be "
        "repeated",
    )
    for option, meaning in (("--include", "quantize only"), ("--exclude", "leave in float")):
        parser.add_argument(
            option,
            action="append",
            metavar="LAYER",
            help=f"{meaning} layers of this name, with wildcards, or of this class, such as RNNBase; may be repeated",
        )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model_arguments(parser)
    parser.add_argument("-o", "--output", type=Path, help="the artifact to write (default: MODEL.pt)")
    parser.add_argument("--recipe", help=f"quantize with one of {', '.join(zoo.list_recipes())}")
    add_layer_arguments(parser)
    parser.add_argument(
        "--allow-error", action="store_true", help="write the file even if the recipe's error is beyond its limit"
    )
    parser.add_argument(
        "--portable",
        action="store_true",
        help="besides the recipe's file, which needs the operators of zoo, write MODEL.portable.pt for any LibTorch, "
        "with 8-bit or 16-bit weights as the recipe has them, and activations in float32",
    )
    parser.add_argument("--list", action="store_true", help="list models, initialisation schemes and recipes")


def read_samples(paths: Sequence[Path] | None, spec: zoo.TensorSpec) -> list[zoo.Sample] | None:
    """Return the user's inputs as golden samples, or None where there are none.

    Args:
        paths: files, or folders of files.
        spec: of the model's input.

    Raises:
        ValueError: a folder has no .npy file, or a file has another type than the model's input.
    """
    if not paths:
        return None
    files = [file for path in paths for file in _list_arrays(path)]
    return [zoo.Sample(file.stem, convert(np.load(file, allow_pickle=False), spec, file)) for file in files]


def _list_arrays(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    if not (found := sorted(path.glob("*.npy"))):
        raise ValueError(f"{path} has no .npy file; give a file, or a folder of them")
    return found


def convert(values: np.ndarray, spec: zoo.TensorSpec, path: Path) -> torch.Tensor:
    """Return an array in the dtype of the model's input, as cpp_runner converts it: never from floats to integers."""
    wanted = np.dtype(spec.dtype)
    if values.dtype.kind not in "fiub" or (wanted.kind == "i" and values.dtype.kind == "f"):
        raise ValueError(f"{path} is {values.dtype}, expected {spec.dtype}")
    return torch.from_numpy(np.ascontiguousarray(values.astype(wanted)))


def print_lists() -> None:
    print("models: " + " ".join(zoo.list_models()))
    print("initialisations: " + " ".join(zoo.list_inits()))
    print("recipes:", *(f"\n  {name}: {zoo.find_recipe(name).description}" for name in zoo.list_recipes()))


def print_quantization(record: zoo.QuantizationRecord) -> None:
    """Print what a recipe did to the outputs, which weights it had to leave in float, and which it smoothed."""
    for name, error in record.left_float.items():
        print(f"left in float    {name}: worst {error['max_of_range']:.2%}, rms {error['rms_of_std']:.2%} remain")
    matrices = {n: s for n, s in record.float_matrices.items() if n.rpartition(".")[0] not in record.left_float}
    if matrices:
        names = ", ".join(list(matrices)[:MOST_NAMES]) + (", ..." if len(matrices) > MOST_NAMES else "")
        print(f"weights in float {names}: {sum(matrices.values()):.1%} of the bytes of the float model")
    for where, error in (("samples", record.error), (f"{LONG_RUN:,} steps", record.long_error)):
        print(f"recipe's error   {error['max_of_range']:.2%} of the range, rms {error['rms_of_std']:.2%} ({where})")
    if 0 < len(record.float_activations) < len(record.layers):
        print(f"weights only     {', '.join(record.float_activations)}: these compute in float32")
    for name, alpha in record.smoothed.items():
        print(f"smoothed         {name}, alpha {alpha:g}")
    for doubt in record.doubts:
        print(f"doubt            {doubt}")
    if record.beyond_limit:
        print("allowed          this is beyond the recipe's limit, and the manifest says so")


def quantize_model(
    model: Any, recipe: str, args: argparse.Namespace, calibration: Sequence[Path] | None, exclude: Sequence[str] = ()
) -> Any:
    """Quantize a model as the command line says.

    Args:
        model: in float.
        recipe: its name.
        args: has the samples, and says which layers.
        calibration: files of inputs from which the recipe learns; None for none.
        exclude: layers to leave in float, besides.
    """
    return zoo.quantize(
        model,
        recipe,
        samples=read_samples(args.sample, model.input_spec),
        calibration=read_samples(calibration, model.input_spec),
        include=args.include,
        exclude=[*(args.exclude or ()), *exclude],
        steps=LONG_RUN,
        allow_error=args.allow_error,
    )


def find_portable(recipe: str) -> str:
    """Return the recipe that any LibTorch runs in another one's place.

    Raises:
        ValueError: its own file is one.
    """
    if not (other := zoo.find_recipe(recipe).portable):
        raise ValueError(f"any LibTorch runs the file of recipe {recipe!r}; leave --portable out")
    return other


def print_saved(saved: zoo.SavedArtifact, record: zoo.QuantizationRecord | None) -> None:
    """Print what was written, and what a recipe did to it."""
    print(f"wrote            {saved.path}")
    print(f"size             {saved.size:,} bytes")
    print(f"sha256           {saved.sha256}")
    print(f"worst difference {saved.worst_difference:.3g} (file read back, against the eager module)")
    if record is not None:
        print_quantization(record)
    if not saved.rows_independent:
        print("rows             see each other: verify compares no row alone, and --batch-size changes results")
    if saved.why_not_streamable:
        print(f"not streamable   {saved.why_not_streamable}: --stream refuses the file")
    for weight in saved.made_plain:
        print(f"made plain       {weight}")


def main(arguments: Sequence[str] | None = None, program: str = "zoo script") -> int:
    """Run the program; returns its exit status."""
    parser = new_parser(program, DESCRIPTION, EXAMPLES)
    add_arguments(parser)
    args = parser.parse_intermixed_args(arguments)
    if args.list:
        print_lists()
        return 0
    if args.model is None:
        parser.error("which model? Give a name (--list shows them), a checkpoint folder or module:Class")
    try:
        output = args.output or name_output(args.model, ".pt")
        needs_recipe = (args.include, args.exclude, args.allow_error, args.calibration, args.portable)
        if any(needs_recipe) and not args.recipe:
            raise ValueError(
                "--include, --exclude, --allow-error, --calibration and --portable are for a recipe; give --recipe, too"
            )
        portable = find_portable(args.recipe) if args.portable else ""
        model = make_model(args, program)
        samples = read_samples(args.sample, model.input_spec)
        written = {output: quantize_model(model, args.recipe, args, args.calibration) if args.recipe else model}
        if portable:
            spared = list(written[output].quantization.left_float)
            beside = output.with_name(output.name.removesuffix(".pt") + ".portable.pt")
            written[beside] = quantize_model(model, portable, args, None, spared)
        saved = [zoo.save_artifact(m, path, samples=samples, license=args.license) for path, m in written.items()]
    except (ValueError, TypeError, OSError) as error:
        print(f"{program}: error: {error}", file=sys.stderr)
        return 1
    for argument in getattr(model, "left_out_arguments", ()):
        print(f"left out         argument {argument} of forward: it keeps its default")
    for file, made in zip(saved, written.values(), strict=True):
        print_saved(file, made.quantization if args.recipe else None)
    return 0
