"""Build a model, script it, prove it and write it as an artifact that cpp_runner takes."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

import zoo

EXAMPLES = """\
examples:
  a registered model, freshly initialised:
    python scripts/script_model.py lstm_classifier input_size=12 num_classes=9 -o model.pt
  with trained weights, quantized:
    python scripts/script_model.py gru_tagger num_classes=17 --weights tagger.safetensors \\
        --recipe dynamic_int8 -o tagger.pt
  from a checkpoint folder (config.json and model.safetensors):
    python scripts/script_model.py checkpoints/tagger -o tagger.pt
  your own class, in my_nets.py, of one tensor in and one out:
    python scripts/script_model.py my_nets:Filter channels=4 --input-dims batch,seq_len,4 -o filter.pt
  what there is:
    python scripts/script_model.py --list
"""


def parse_value(text: str) -> Any:
    """Read a JSON value, or Python's True, False and None; anything else is a string."""
    named = {"True": True, "False": False, "None": None}
    if text in named:
        return named[text]
    try:
        return json.loads(text)
    except ValueError:
        return text


def parse_override(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"expected name=value, got {text!r}")
    return name, parse_value(value)


def parse_dims(text: str) -> tuple[int | str, ...]:
    return tuple(int(dim) if dim.isdigit() else dim for dim in text.split(","))


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="script_model.py",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", nargs="?", help="a registered name, a checkpoint folder, or module:Class")
    parser.add_argument("overrides", nargs="*", type=parse_override, help="name=value of its configuration")
    parser.add_argument("-o", "--output", type=Path, help="the artifact to write (default: MODEL.pt)")
    parser.add_argument("--weights", type=Path, help="a state dict: .safetensors, or .pt written by torch.save")
    parser.add_argument("--pretrained", action="store_true", help="the weights that come with the package")
    parser.add_argument("--init", default="uniform", help=f"one of {', '.join(zoo.list_inits())}")
    parser.add_argument("--zero-bias", action="store_true", help="start all biases at 0")
    parser.add_argument("--forget-bias", type=float, help="what an LSTM's two forget-gate biases sum to")
    parser.add_argument("--seed", type=int, default=0, help="of the initial weights (default: 0)")
    parser.add_argument("--recipe", help=f"quantize by one of {', '.join(zoo.list_recipes())}")
    parser.add_argument("--input-dims", type=parse_dims, help="of a class of your own, such as batch,seq_len,12")
    parser.add_argument("--vocab-size", type=int, help="of a class of your own that takes int64 tokens")
    parser.add_argument(
        "--sample", type=Path, action="append", help="a real input (.npy) for the golden samples; may be repeated"
    )
    parser.add_argument("--license", help="of the weights, for the manifest")
    parser.add_argument("--list", action="store_true", help="list models, initialisations and recipes")
    return parser


def make_model(args: argparse.Namespace) -> Any:
    overrides = dict(args.overrides)
    init = zoo.Init(args.init, args.zero_bias, args.forget_bias)
    if ":" in args.model:
        spec = None
        if args.vocab_size is not None:
            dims = args.input_dims or ("batch", "seq_len")
            spec = zoo.TensorSpec("input", "int64", dims, range=(0, args.vocab_size - 1))
        elif args.input_dims is not None:
            spec = zoo.TensorSpec("input", "float32", args.input_dims)
        model = zoo.build_own_model(args.model, overrides, spec)
        return zoo.load_weights_(model, args.weights) if args.weights else model
    if Path(args.model).is_dir():
        return zoo.load_checkpoint(args.model)
    if Path(args.model).is_file():
        raise ValueError(f"{args.model} is a file, not a model's name: script_model.py NAME --weights {args.model}")
    return zoo.build(
        args.model, init=init, seed=args.seed, weights=args.weights, pretrained=args.pretrained, **overrides
    )


def read_samples(paths: list[Path] | None) -> list[zoo.Sample] | None:
    if not paths:
        return None
    return [zoo.Sample(path.stem, torch.from_numpy(np.load(path, allow_pickle=False))) for path in paths]


def main() -> int:
    parser = make_parser()
    args = parser.parse_intermixed_args()
    if args.list:
        print("models: " + " ".join(zoo.list_models()))
        print("initialisations: " + " ".join(zoo.list_inits()))
        print("recipes:", *(f"\n  {name}: {zoo.find_recipe(name).description}" for name in zoo.list_recipes()))
        return 0
    if args.model is None:
        parser.error("which model? Give a name (--list shows them), a checkpoint folder or module:Class")
    output = args.output or Path(args.model.replace(":", ".").rstrip("/")).with_suffix(".pt")
    try:
        model = make_model(args)
        samples = read_samples(args.sample)
        if args.recipe:
            model = zoo.quantize(model, args.recipe, samples=samples)
        saved = zoo.save_artifact(model, output, samples=samples, license=args.license)
    except (ValueError, TypeError, OSError) as error:
        print(f"script_model.py: error: {error}", file=sys.stderr)
        return 1
    print(f"wrote            {saved.path}")
    print(f"size             {saved.size:,} bytes")
    print(f"sha256           {saved.sha256}")
    print(f"worst difference {saved.worst_difference:.3g} (file read back, against the eager module)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
