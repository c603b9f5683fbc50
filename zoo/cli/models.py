"""The model that a command line names: its kind, what may be said of each kind, and how it is built or loaded."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zoo
from zoo.cli.parser import read_assignment

# Files of other programs that hold a model with its configuration.
WHOLE_MODELS = (".onnx", ".keras", ".h5", ".hdf5")
# Of files that are often named, besides.
ENDINGS = (*WHOLE_MODELS, ".pt", ".pth", ".ckpt", ".safetensors", ".npz")
TAKEN = "a model's name, the folder of a run or of a checkpoint, module:Class, or an .onnx, .keras or .h5 file"

# What says how initial weights are drawn.
INITIAL = ("--init", "--zero-bias", "--forget-bias", "--unit-forget", "--chrono")
# Everything that not every kind of model takes.
OPTIONS = ("overrides", "--weights", "--pretrained", *INITIAL, "--seed", "--input-dims", "--vocab-size")


@dataclass(frozen=True)
class Kind:
    """A kind of model.

    Args:
        takes: which of `OPTIONS` say something of it.
        why: what it has in itself instead, after its name.
    """

    takes: tuple[str, ...]
    why: str


REGISTERED = Kind(
    ("overrides", "--weights", "--pretrained", *INITIAL, "--seed"), "says in its configuration what its input is"
)
CHECKPOINT = Kind((), "is a checkpoint with its sizes and weights in it")
FOREIGN = Kind((), "has its sizes and weights in it")
OWN = Kind(
    ("overrides", "--weights", "--seed", "--input-dims", "--vocab-size"),
    "fills its weights itself and comes without trained ones",
)


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
        "--init", help=f"the initialisation scheme: one of {', '.join(zoo.list_inits())} (default: uniform)"
    )
    parser.add_argument("--zero-bias", action="store_true", help="start all biases at 0")
    parser.add_argument("--forget-bias", type=float, help="the sum of the two forget-gate biases of an LSTM")
    parser.add_argument("--unit-forget", action="store_true", help="start an LSTM's biases as Keras does")
    parser.add_argument("--chrono", type=int, metavar="STEPS", help="gate biases for time scales up to this many steps")
    parser.add_argument("--seed", type=int, help="the seed of the initial weights (default: 0)")
    parser.add_argument(
        "--input-dims", type=read_dims, help="the input of a class of your own, such as batch,seq_len,12"
    )
    parser.add_argument("--vocab-size", type=int, help="the number of tokens, where your own class takes int64 tokens")
    parser.add_argument(
        "--sample",
        type=Path,
        action="append",
        help="a real input (.npy) or a folder of them, for the golden samples; may be repeated",
    )
    parser.add_argument("--license", help="the licence of the weights, for the manifest")


def find_kind(model: str, program: str) -> Kind:
    """Return which kind of model a word names.

    Raises:
        UnknownModelError: no such name.
        ValueError: it is a file that holds no whole model, or a path to nothing.
    """
    path = Path(model)
    if path.is_dir():
        return CHECKPOINT
    if path.is_file():
        if path.suffix in WHOLE_MODELS:
            return FOREIGN
        raise ValueError(
            f"{model} is another kind of file; give {TAKEN}; of a model.pt that is the folder of its run, and weights "
            f"go with a name: {program} NAME --weights {model}"
        )
    if ":" in model:
        return OWN
    if path.suffix in ENDINGS or len(path.parts) > 1:  # no name of a model has these
        raise ValueError(f"{model} does not exist; give {TAKEN}")
    zoo.find_model(model)
    return REGISTERED


def refuse_unused(args: argparse.Namespace, kind: Kind) -> None:
    """Refuse options that would change nothing.

    Raises:
        ValueError: with all of them.
    """
    given = [option for option in OPTIONS if _is_given(args, option)]
    if unused := [option for option in given if option not in kind.takes]:
        raise ValueError(f"{args.model} {kind.why}; leave out {', '.join(unused)}")
    if args.weights is None and not args.pretrained:
        return
    if unused := [option for option in given if option in (*INITIAL, "--seed")]:
        source = "--pretrained" if args.pretrained else "--weights"
        raise ValueError(f"{source} replaces all initial weights; leave out {', '.join(unused)}")


def _is_given(args: argparse.Namespace, option: str) -> bool:
    value = getattr(args, option.removeprefix("--").replace("-", "_"))
    return value is not None and value is not False and value != []


def make_input_spec(args: argparse.Namespace) -> zoo.TensorSpec | None:
    """Return the input of a class of the user's own, or None where the command line does not describe it."""
    if args.vocab_size is not None:
        dims = args.input_dims or ("batch", "seq_len")
        return zoo.TensorSpec("input", "int64", dims, range=(0, args.vocab_size - 1))
    if args.input_dims is not None:
        return zoo.TensorSpec("input", "float32", args.input_dims)
    return None


def make_model(args: argparse.Namespace, program: str) -> Any:
    """Build or load the model with its weights.

    Raises:
        ValueError: options say what its kind of model does not take; otherwise as `zoo.build` and the other makers.
    """
    kind = find_kind(args.model, program)
    refuse_unused(args, kind)
    if kind is CHECKPOINT:
        return zoo.load_checkpoint(args.model)
    if kind is FOREIGN:
        return import_file(args.model)
    overrides, seed = dict(args.overrides), args.seed or 0
    if kind is OWN:
        model: Any = zoo.build_own_model(args.model, overrides, make_input_spec(args), args.weights, seed)
        if getattr(model, "input_spec", None) is None:
            raise ValueError(f"{args.model} does not say what its input is; give --input-dims batch,seq_len,FEATURES")
        return model
    init = zoo.Init(args.init or "uniform", args.zero_bias, args.forget_bias, args.unit_forget, args.chrono)
    return zoo.build(args.model, init=init, seed=seed, weights=args.weights, pretrained=args.pretrained, **overrides)


def import_file(path: str) -> Any:
    """Turn the file of another program into a model, and say which model it is."""
    imported = zoo.import_model(path)
    print(f"imported         {imported.description}")
    print(f"proved           {imported.worst_difference:.3g} from the file, at lengths {imported.lengths}")
    if imported.activation:
        print(f"left out         {imported.activation} after the last layer: the scores are what goes into it")
    for note in imported.notes:
        print(f"differs          {note}")
    return imported.model


def name_output(model: str, suffix: str) -> Path:
    """Return the file for a model where the command line names none.

    Only the ending of another program's file is replaced: a dot in another name, as in net-0.5, begins no ending.

    Args:
        model: as the command line names it.
        suffix: of the file.

    Raises:
        ValueError: the model itself has this name.
    """
    path = Path(model)
    if path.name in ("", ".."):  # a folder as seen from the working folder
        path = path.resolve()
    name = path.stem if path.suffix in WHOLE_MODELS and path.is_file() else path.name
    output = path.with_name(name.replace(":", ".") + suffix)
    if output == Path(model):
        raise ValueError(f"{model} would be written over itself; give -o FILE")
    return output
