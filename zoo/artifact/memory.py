"""The golden sample of a model that looks far back: it may go wrong only after more steps than the others have."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from zoo.artifact.golden import LONGEST, SEED, Sample
from zoo.artifact.signature import Signature, random_input, run_contract

LEAST = 150
# A class of the user's may keep its past in any dimension of its state. Those after the rows mostly have features
# instead, and are taken for no more steps than these.
MOST_FEATURES = 500


@torch.no_grad()
def draw_long_samples(module: Any, signature: Signature) -> list[Sample]:
    """Draw a sequence more than twice as long as the model's memory.

    The layers of the zoo that look back over a fixed number of steps say so by `memory_steps`. What a user's own class
    does is unknown, so it gets at least 150 steps, and more where its state has more rows.

    Args:
        module: eager, in eval mode, on the CPU.
        signature: its interface.

    Returns:
        One sample; none where the other samples show the whole memory, or where the class takes no longer sequence.
    """
    memory = find_memory(module, signature)
    if 2 * memory < LONGEST:
        return []
    steps = max(LEAST, 2 * memory + LONGEST)
    while steps > LONGEST:
        input = random_input(signature.inputs[0], 1, steps, torch.Generator().manual_seed(SEED))
        try:
            run_contract(module, input)
        except Exception:  # the user's code may take only so many steps, and raise anything for more
            steps //= 2
        else:
            return [Sample("long_sequence", input)]
    return []


def find_memory(module: nn.Module, signature: Signature) -> int:
    """Return how many steps back a model may look by more than its recurrence; 0 where it has no such memory."""
    memory = max(getattr(part, "memory_steps", 0) for part in module.modules())
    if type(module).__module__.startswith("zoo.models."):
        return memory
    for part in signature.state:
        rows, *others = (size if isinstance(size, int) else 0 for size in part.dims)
        memory = max(memory, rows, *(min(size, MOST_FEATURES) for size in others))
    return max(memory, LONGEST)
