"""Words as rows of bytes: their hashes, the rows of the embedding that these have, and a layer over the bytes."""

from __future__ import annotations

from typing import Any

from zoo.models.characters import BASE, PRIME
from zoo.onnx_export.features import add_embedding
from zoo.onnx_export.graph import Graph
from zoo.onnx_export.stacks import add_stack, final_step
from zoo.onnx_export.steps import add_axis


def add_word_features(graph: Graph, name: str, module: Any, input: str) -> str:
    """Add words (B, T, word_bytes) to features (B, T, input_size + 2 * character_hidden_size)."""
    zero = graph.constant(0)
    # Every byte after the first 0 is padding: the number of zeros up to a byte is 0 before it.
    ended = graph.cast(graph.op("LessOrEqual", input, zero), "int64")
    bytes = graph.op("Where", graph.op("Equal", graph.op("CumSum", ended, graph.constant(2)), zero), input, zero)
    present = graph.op("Greater", bytes, zero)
    sizes = graph.op("ReduceSum", graph.cast(present, "int64"), graph.constant([2]), keepdims=0)  # (B, T)
    known = add_embedding(graph, f"{name}.embedding", module.embedding, _find_rows(graph, name, module, bytes))
    # Words of the batch one below the other, cut to the longest.
    longest = graph.op("Max", graph.op("ReduceMax", sizes, keepdims=0), graph.constant(1))
    letters = graph.slice(graph.reshape(bytes, -1, module.word_bytes), 1, 0, add_axis(graph, longest, 0))  # (B * T, W)
    embedded = add_embedding(graph, f"{name}.character_embedding", module.character_embedding, letters)
    flat = graph.reshape(sizes, -1)
    rows = graph.size(flat, 0)
    start = [_zeros(graph, part, rows) for part in module.characters.zero_state(1, module.embedding.weight)]
    _, state = add_stack(graph, f"{name}.characters", module.characters, embedded, flat, start)
    final = final_step(graph, module.characters, state[0])  # (B * T, 2 * H)
    shape = graph.op("Concat", graph.op("Shape", sizes), graph.constant([-1]), axis=0)
    return str(graph.op("Concat", known, graph.op("Reshape", final, shape), axis=2))


def _zeros(graph: Graph, part: Any, rows: str) -> str:
    shape = graph.op("Concat", graph.constant([part.shape[0]]), rows, graph.constant([part.shape[2]]), axis=0)
    return str(graph.op("Expand", graph.constant(0.0, "float32"), shape))


def _hash(graph: Graph, bytes: str, word_bytes: int) -> str:
    """Return a number for each word (B, T), without regard to case; 0 ends a word."""
    large = graph.op("And", graph.op("GreaterOrEqual", bytes, graph.constant(65)),
                     graph.op("LessOrEqual", bytes, graph.constant(90)))  # fmt: skip
    folded = graph.op("Add", bytes, graph.op("Mul", graph.cast(large, "int64"), graph.constant(32)))
    zero, base, prime = graph.constant(0), graph.constant(BASE), graph.constant(PRIME)
    letters = graph.op("Split", folded, graph.constant([1] * word_bytes), outputs=word_bytes, axis=2)
    hashes = graph.op("Mul", letters[0], zero)  # (B, T, 1)
    for letter in letters:
        longer = graph.op("Mod", graph.op("Add", graph.op("Mul", hashes, base), letter), prime)
        hashes = graph.op("Where", graph.op("Greater", letter, zero), longer, hashes)
    return str(graph.op("Squeeze", hashes, graph.constant([2])))


def _find_rows(graph: Graph, name: str, module: Any, bytes: str) -> str:
    """Return each word's row of the embedding (B, T), or 0: a binary search, written out, in the sorted hashes."""
    hashes = _hash(graph, bytes, module.word_bytes)
    table = graph.weight(f"{name}.hashes", module.hashes)
    count = module.hashes.shape[0]
    one, last = graph.constant(1), graph.constant(count - 1)
    place = graph.op("Mul", hashes, graph.constant(0))  # how many of the table are known to be below
    step = 1 << (count.bit_length() - 1)
    while step:
        further = graph.op("Add", place, graph.constant(step))
        inside = graph.op("LessOrEqual", further, graph.constant(count))
        nearest = graph.op("Gather", table, graph.op("Min", graph.op("Sub", further, one), last), axis=0)
        goes = graph.op("And", inside, graph.op("Less", nearest, hashes))
        place = graph.op("Where", goes, further, place)
        step //= 2
    place = graph.op("Min", place, last)
    found = graph.op("Equal", graph.op("Gather", table, place, axis=0), hashes)
    return str(graph.op("Where", found, graph.op("Add", place, one), graph.constant(0)))
