"""8-bit weights by ONNX Runtime's own quantizer: LSTM nodes, products with a weight, and embeddings."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any

import onnx
from torch import nn

from zoo.artifact.tolerances import INT8_LIMIT, INT8_REPLAY, Tolerance
from zoo.onnx_export.graph import OnnxError
from zoo.onnx_export.running import TOLERANCES, OnnxModel
from zoo.quantization.long_run import LONG, measure_long_run
from zoo.quantization.shift import FloatReference

QUANTIZED = ("LSTM", "MatMul", "Gather")
RECIPE = "onnx_int8"  # what the manifest calls it
WORTH_IT = 0.9  # of the float file's size


def quantize_model(proto: Any) -> tuple[Any, dict[str, str]]:
    """Return a model with 8-bit weights, a scale for each channel, and the nodes that have them, name to type.

    Activations are quantized in each call, with one scale for all rows. GRU and RNN nodes and the bodies of Scans stay
    in float, since ONNX Runtime has no 8-bit form of them; products in float64 stay too.

    Raises:
        OnnxError: the model has no node that ONNX Runtime can quantize.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    double = {tensor.name for tensor in proto.graph.initializer if tensor.data_type == onnx.TensorProto.DOUBLE}
    weights = {tensor.name for tensor in proto.graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT}
    able = {
        node.name: node.op_type for node in proto.graph.node if node.op_type in QUANTIZED and weights & set(node.input)
    }
    if not able:
        raise OnnxError(
            "ONNX Runtime quantizes LSTM nodes, linear layers and embeddings, and the model has none of them"
        )
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "float.onnx"), Path(folder, "int8.onnx")
        onnx.save(proto, before)
        logging.disable(logging.WARNING)  # it advises a preprocessing that only image models need
        try:
            # Weights of 7 bits: without VNNI, ONNX Runtime adds two products in 16 bits, and those of 8 bits overflow.
            quantize_dynamic(
                before, after, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True,
                op_types_to_quantize=list(QUANTIZED),
                nodes_to_exclude=[node.name for node in proto.graph.node if double & set(node.input)],
            )  # fmt: skip
        finally:
            logging.disable(logging.NOTSET)
        made = onnx.load(after)
    float_still = {node.name for node in made.graph.node if weights & set(node.input)}
    return made, {name: kind for name, kind in able.items() if name not in float_still}


def check_size(before: int, after: int) -> None:
    """Refuse a file that is hardly smaller than that of the float model.

    Raises:
        OnnxError: it is.
    """
    if after > WORTH_IT * before:
        raise OnnxError(
            f"8-bit weights leave the file at {after / before:.0%} of its size: ONNX Runtime has no 8-bit form of GRU, "
            "RNN and Scan nodes, which hold most of the weights; write the float model, or quantize for cpp_runner"
        )


def judge_quantized(
    model: nn.Module, quantized: OnnxModel, layers: dict[str, str], reference: FloatReference
) -> dict[str, Any]:
    """Measure a quantized file against the float model as `zoo.quantize` does, and return what the manifest says of it.

    Args:
        model: the float model.
        quantized: the file.
        layers: its quantized nodes, name to type.
        reference: what the float model gives for the samples.

    Raises:
        OnnxError: the outputs are too far from those of the float model, for the samples or over 10,000 steps.
    """
    called: Any = quantized  # as every model
    shift = reference.measure(called)
    long_run = shift if shift.exceeds(INT8_LIMIT) else measure_long_run(reference, model, called)
    if long_run.exceeds(INT8_LIMIT):
        kinds = ", ".join(sorted(set(layers.values())))
        where = "" if long_run is shift else f" over {LONG:,} steps"
        raise OnnxError(
            f"8-bit weights ({kinds}) {long_run.describe(INT8_LIMIT, where, several=True)}; write the float model"
        )
    of_feature = INT8_LIMIT.of_feature * INT8_LIMIT.max_of_range
    recipe = Tolerance(0.0, 0.0, of_feature_range=of_feature)
    regrouped = {**recipe.to_dict(), "atol_of": reference.allowed_of(INT8_LIMIT.max_of_range)}
    record = {"recipe": RECIPE, "engine": "onnxruntime", "layers": layers, "error": shift.to_dict()}
    record["long_error"] = {"steps": LONG, **long_run.to_dict()}
    whole = {**INT8_REPLAY.to_dict(), "atol_of": {}}
    return {"quantization": record, TOLERANCES: {"whole": whole, "regrouped": regrouped}}
