"""The fused recurrent operators, `torch.ops.zoo`: packed weights in, LSTM, GRU and RNN stacks run by kernels.

    from zoo.ops import operators
    zoo_ops = operators()                                       # loads the library at the first call
    packed = zoo_ops.pack_lstm(lstm._flat_weights, True, num_layers, bidirectional, "fp32")
    output, h_n, c_n = zoo_ops.lstm(input, h_0, c_0, packed, bidirectional, batch_first)

`zoo.ops.bound.BoundCall` is for the shortest steps, where the way through torch takes longer than the step itself.

Schemas: zoo/csrc/operators.cpp. Precisions: "fp32", "bf16" (weights), "int8" (weights per output channel,
activations per row). Packed weights are a plain uint8 tensor, the same on every processor.
"""

from zoo.ops.library import library_path, load_library, operators

__all__ = ["library_path", "load_library", "operators"]
