"""A call bound to its tensors once, for the shortest steps: what torch does for each call takes longer than they."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from zoo.ops.library import library_path, operators


class BoundCall:
    """A recurrent stack bound to its input, states and results.

    Calling it reads the input and the states and writes the results, all where they are: fill the input, call, read
    the output. Nothing is allocated, and torch does not see the call. To stream, give the states as results, too;
    then they move on with every call.

        call = BoundCall(packed, input, (h, c), results=(output, h, c))
        for features in stream:
            input.copy_(features)
            call()

    Args:
        packed: of `torch.ops.zoo.pack_lstm`, `pack_gru` or `pack_rnn`.
        input: (seq_len, batch, input_size), the first two swapped with `batch_first`.
        states: h_0 and for the LSTM c_0, (num_layers * num_directions, batch, size).
        results: output, h_n and for the LSTM c_n; new ones if none are given.

    Raises:
        RuntimeError: the tensors do not fit; with what was expected.
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
        zoo_ops = operators()
        if not results:
            directions = zoo_ops.packed_sizes(packed)[3]
            output = input.new_empty(*input.shape[:2], directions * states[0].shape[-1])
            results = (output, *(torch.empty_like(state) for state in states))
        self.results = tuple(results)
        self._tensors = (packed, input, *states)  # the call points into them
        self._call = zoo_ops.bind(input, list(states), packed, batch_first, list(results))
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
