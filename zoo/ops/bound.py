"""A call that is bound to its tensors once, for steps that are shorter than what torch does around each call."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from zoo.ops.library import library_path, operators


class BoundCall:
    """A recurrent stack bound to its input, states and results.

    A call reads the input and the states and writes the results in place: fill the input, call, read the output.
    Nothing is allocated, and torch does not see the call. To run a stream, give the states as results, too; then every
    call advances them.

        call = BoundCall(packed, input, (h, c), results=(output, h, c))
        for features in stream:
            input.copy_(features)
            call()

    Args:
        packed: the packed weights, from `zoo.ops.pack`.
        input: (seq_len, batch, input_size), or (batch, seq_len, input_size) with `batch_first`.
        states: h_0 and for the LSTM c_0, (num_layers * num_directions, batch, size).
        results: output, h_n and for the LSTM c_n; new ones if none are given.

    Raises:
        RuntimeError: the tensors do not fit; the message says what was expected.
    """

    def __init__(
        self,
        packed: Tensor,
        input: Tensor,
        states: Sequence[Tensor],
        *,
        batch_first: bool = False,
        results: Sequence[Tensor] = (),
    ) -> None:
        ops = operators()
        if not results:
            directions = ops.packed_sizes(packed)[3]
            output = input.new_empty(*input.shape[:2], directions * states[0].shape[-1])
            results = (output, *(torch.empty_like(state) for state in states))
        self.results = tuple(results)
        self._tensors = (packed, input, *states)  # the call points into them
        self._call = ops.bind(input, list(states), packed, batch_first, list(results))
        self._run = functools.partial(_run_bound_call(), ctypes.c_void_p(self._call.data_ptr()))

    def __call__(self) -> None:
        if self._run():
            raise MemoryError("no memory for the working space of a bound call")


@functools.cache
def _run_bound_call() -> Callable[[ctypes.c_void_p], int]:
    operators()
    function = ctypes.CDLL(str(library_path())).zoo_run_bound_call
    function.argtypes, function.restype = [ctypes.c_void_p], ctypes.c_int
    return function
