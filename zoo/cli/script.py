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
from zoo.cli.parser import new_parser, read_assignment

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
  your own class in my_nets.py, with forward(x), forward(x, lengths) or forward(x, state=None):
    PROGRAM my_nets:Filter channels=4 --input-dims batch,seq_len,4 -o filter.pt
  all models, initialisation schemes and recipes:
    PROGRAM --list
"""


# Steps of the sequence over which a recipe has to keep its limit.
LONG_RUN = 10_000

# Files of other programs that hold a model with its configuration.
WHOLE_MODELS = (".onnx", ".keras", ".h5", ".hdf5")


def read_dims(text: str) -> tuple[int | str, ...]:
    """Return the names and sizes of `batch,seq_len,12`."""
    return tuple(int(dim) if dim.isdigit() else dim for dim in text.split(","))


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say which model it is, with which weights and samples."""
    parser.add_argument(
        "model", nargs="?", help="a registered name, a checkpoint folder, module:Class, or an .onnx, .keras or .h5 file"
    )
    parser.add_argument(
        "overrides", nargs="*", type=read_assignment, metavar="name=value", help="fields of the model's configuration"
    )
    parser.add_argument(
        "--weights", type=Path, help="weights: .safetensors, .pt or .ckpt by torch.save, .npz, .onnx, .keras or .h5"
    )
    parser.add_argument("--pretrained", action="store_true", help="load the weights that come with the package")
    parser.add_argument(
        "--init", default="uniform", help=f"the initialisation scheme: one of {', '.join(zoo.list_inits())}"
    )
    parser.add_argument("--zero-bias", action="store_true", help="start all biases at 0")
    parser.add_argument("--forget-bias", type=float, help="the sum of the two forget-gate biases of an LSTM")
    parser.add_argument("--unit-forget", action="store_true", help="start an LSTM's biases as Keras does")
    parser.add_argument("--chrono", type=int, metavar="STEPS", help="gate biases for time scales up to this many steps")
    parser.add_argument("--seed", type=int, default=0, help="the seed of the initial weights (default: 0)")
    parser.add_argument(
        "--input-dims", type=read_dims, help="the input of a class of your own, such as batch,seq_len,12"
    )
    parser.add_argument("--vocab-size", type=int, help="the number of tokens, where your own class takes int64 tokens")
    parser.add_argument(
        "--sample", type=Path, action="append", help="a real input (.npy) for the golden samples; may be repeated"
    )
    parser.add_argument("--license", help="the licence of the weights, for the manifest")


def add_layer_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says which layers a recipe converts, and what it learns from."""
    parser.add_argument(
        "--calibration",
        type=Path,
        action="append",
        metavar="FILE",
        help="a real input (.npy), other than the samples, from which a recipe learns; may be repeated",
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


def make_input_spec(args: argparse.Namespace) -> zoo.TensorSpec | None:
    """Return the input of a class of the user's own, or None where the command line does not describe it."""
    if args.vocab_size is not None:
        dims = args.input_dims or ("batch", "seq_len")
        return zoo.TensorSpec("input", "int64", dims, range=(0, args.vocab_size - 1))
    if args.input_dims is not None:
        return zoo.TensorSpec("input", "float32", args.input_dims)
    return None


def make_model(args: argparse.Namespace, program: str) -> Any:
    """Build or load the model with its weights."""
    overrides = dict(args.overrides)
    init = zoo.Init(args.init, args.zero_bias, args.forget_bias, args.unit_forget, args.chrono)
    if ":" in args.model:
        model: Any = zoo.build_own_model(args.model, overrides, make_input_spec(args), args.weights)
        if getattr(model, "input_spec", None) is None:
            raise ValueError(f"{args.model} does not say what its input is; give --input-dims batch,seq_len,FEATURES")
        return model
    if Path(args.model).is_dir():
        return zoo.load_checkpoint(args.model)
    if Path(args.model).suffix in WHOLE_MODELS and Path(args.model).is_file():
        return import_file(args)
    if Path(args.model).is_file():
        raise ValueError(f"{args.model} is a file, not a model's name: {program} NAME --weights {args.model}")
    return zoo.build(
        args.model, init=init, seed=args.seed, weights=args.weights, pretrained=args.pretrained, **overrides
    )


def import_file(args: argparse.Namespace) -> Any:
    """Turn the file of another program into a model, and say which model it is."""
    if args.overrides or args.weights or args.pretrained:
        raise ValueError(
            f"{args.model} has its sizes and weights in it; leave overrides, --weights and --pretrained out"
        )
    imported = zoo.import_model(args.model)
    print(f"imported         {imported.description}")
    print(f"proved           {imported.worst_difference:.3g} from the file, at lengths {imported.lengths}")
    if imported.activation:
        print(f"left out         {imported.activation} after the last layer: the scores are what goes into it")
    for note in imported.notes:
        print(f"differs          {note}")
    return imported.model


def read_samples(paths: Sequence[Path] | None, spec: zoo.TensorSpec) -> list[zoo.Sample] | None:
    """Return the user's inputs as golden samples, or None where there are none."""
    if not paths:
        return None
    return [zoo.Sample(path.stem, convert(np.load(path, allow_pickle=False), spec, path)) for path in paths]


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
    """Print what a recipe did to the outputs, which layers it had to leave in float, and which it smoothed."""
    for name, error in record.left_float.items():
        print(f"left in float    {name}: worst {error['max_of_range']:.2%}, rms {error['rms_of_std']:.2%} remain")
    for where, error in (("samples", record.error), (f"{LONG_RUN:,} steps", record.long_error)):
        print(f"recipe's error   {error['max_of_range']:.2%} of the range, rms {error['rms_of_std']:.2%} ({where})")
    if 0 < len(record.float_activations) < len(record.layers):
        print(f"weights only     {', '.join(record.float_activations)}: these compute in float32")
    for name, alpha in record.smoothed.items():
        print(f"smoothed         {name}, alpha {alpha:g}")
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
    output = args.output or Path(args.model.replace(":", ".").rstrip("/")).with_suffix(".pt")
    try:
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
            written[output.with_suffix(".portable.pt")] = quantize_model(model, portable, args, None, spared)
        saved = [zoo.save_artifact(m, path, samples=samples, license=args.license) for path, m in written.items()]
    except (ValueError, TypeError, OSError) as error:
        print(f"{program}: error: {error}", file=sys.stderr)
        return 1
    for file, made in zip(saved, written.values(), strict=True):
        print_saved(file, made.quantization if args.recipe else None)
    return 0
