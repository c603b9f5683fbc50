"""`zoo export`: build a model, or load one, and write it as ONNX."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import zoo
from zoo.cli.models import add_model_arguments, make_model, name_output
from zoo.cli.parser import new_parser
from zoo.cli.script import read_samples

DESCRIPTION = "Write a model of the zoo as ONNX with native recurrent nodes, and prove it in ONNX Runtime first."
EXAMPLES = """\
examples:
  a trained model:
    PROGRAM gru_detector_fsdd --pretrained -o detector.onnx
  weights of your own, from a checkpoint folder or a file:
    PROGRAM checkpoints/tagger -o tagger.onnx
    PROGRAM gru_tagger num_classes=17 --weights tagger.safetensors -o tagger.onnx
  is the file still right, on this machine?
    zoo verify detector.onnx
"""
RECURRENT = ("LSTM", "DynamicQuantizeLSTM", "GRU", "RNN", "Scan")


def main(arguments: Sequence[str] | None = None, program: str = "zoo export") -> int:
    """Run the program; returns its exit status."""
    parser = new_parser(program, DESCRIPTION, EXAMPLES)
    add_model_arguments(parser)
    parser.add_argument("-o", "--output", type=Path, help="the file to write (default: MODEL.onnx)")
    parser.add_argument("--int8", action="store_true", help="8-bit weights, by and for ONNX Runtime")
    args = parser.parse_intermixed_args(arguments)
    if args.model is None:
        parser.error("which model? Give a name (`zoo script --list` shows them) or a checkpoint folder")
    try:
        output = args.output or name_output(args.model, ".onnx")
        model = make_model(args, program)
        samples = read_samples(args.sample, model.input_spec)
        saved = zoo.export_onnx(model, output, int8=args.int8, samples=samples, license=args.license)
    except (ValueError, TypeError, OSError) as error:
        print(f"{program}: error: {error}", file=sys.stderr)
        return 1
    recurrent = [f"{count} {kind}" for kind, count in saved.nodes.items() if kind in RECURRENT]
    print(f"wrote            {saved.path}")
    print(f"size             {saved.size:,} bytes")
    print(f"sha256           {saved.sha256}")
    print(f"recurrent nodes  {', '.join(recurrent)}")
    print(
        f"worst difference {saved.worst_difference:.3g} (ONNX Runtime against Python, whole, in chunks and in batches)"
    )
    return 0
