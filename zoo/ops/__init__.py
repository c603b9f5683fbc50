"""The fused recurrent operators, `torch.ops.zoo`: the engine runs stacks of LSTM, GRU and RNN layers on packed weights.

    from zoo.ops import operators, pack
    ops = operators()                                          # loads the library at the first call
    packed = pack(lstm, "fp32")
    output, h_n, c_n = ops.lstm(input, h_0, c_0, packed, bidirectional, batch_first)

Operators that slide a window over their input, log-mel features and convolutions in float64, are `slide`,
`pack_log_bands` and `pack_convolution`.

For the shortest steps torch takes longer to call an operator than the operator takes; `zoo.ops.bound.BoundCall` calls
the engine without torch.

Schemas: zoo/csrc/operators/schemas.cpp. Precisions: "fp32", "bf16" (weights), "int8" (weights per output channel,
activations per row). Packed weights are a plain uint8 tensor, the same on every processor.
"""

from zoo.ops.library import engine_tables, library_path, load_library, operators, pack

__all__ = ["engine_tables", "library_path", "load_library", "operators", "pack"]
