"""A recurrent stack with self-attention over its last steps on top: the hybrid of a transformer and a recurrent net.

The recurrence knows the order of the steps, so attention needs no code of positions. It sees a window of steps, so a
stream carries a state of a fixed size.
"""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

from zoo.config import RecurrentConfig
from zoo.models.padding import last_steps, mask_padding

NO_SCORE = -1.0e30  # of a step that is not seen; finite, so that a row that has seen none is not NaN
BLOCK = 128  # queries whose scores are in memory at once


class WindowAttention(nn.Module):
    """x + Attention(LN(x)), then x + FF(LN(x)) (Vaswani et al. 2017, with the norms of Xiong et al. 2020 in front).

    Step t attends to itself and the `window - 1` steps before it.
    """

    def __init__(self, size: int, num_heads: int, window: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(size)
        self.query_key_value = nn.Linear(size, 3 * size)
        self.output = nn.Linear(size, size)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(size), nn.Linear(size, 2 * size), nn.ReLU(), nn.Linear(2 * size, size)
        )
        self.dropout = nn.Dropout(dropout)
        self.num_heads = num_heads
        self.window = window
        self.scale = (size // num_heads) ** -0.5
        self.no_score = NO_SCORE
        self.block = BLOCK

    def forward(self, steps: Tensor, first: int, unseen: Tensor) -> Tensor:
        """Return the outputs (B, S - first, F) of the steps from `first` on.

        Args:
            steps: (B, S, F), of which those before `first` are only attended to.
            first: at least window - 1.
            unseen: how many steps each row has to leave out at the beginning, int64 (B,).
        """
        mixed = self.query_key_value(self.norm(steps)).unflatten(2, [3, self.num_heads, -1])  # (B, S, 3, heads, D)
        query, key, value = mixed.permute(2, 0, 3, 1, 4).unbind(0)  # each (B, heads, S, D)
        attended: List[Tensor] = []
        last = steps.size(1)
        for start in range(first, last, self.block):
            end = min(start + self.block, last)
            oldest = start - self.window + 1
            scores = query[:, :, start:end] @ key[:, :, oldest:end].transpose(2, 3) * self.scale  # (B, heads, Q, K)
            places = torch.arange(oldest, end, device=steps.device)  # (K,)
            now = torch.arange(start, end, device=steps.device).unsqueeze(1)  # (Q, 1)
            outside = (places > now) | (places <= now - self.window)  # (Q, K)
            hidden = outside.unsqueeze(0) | (places < unseen.unsqueeze(1)).unsqueeze(1)  # (B, Q, K)
            weights = scores.masked_fill(hidden.unsqueeze(1), self.no_score).softmax(3)
            attended.append((weights @ value[:, :, oldest:end]).transpose(1, 2).flatten(2))  # (B, Q, F)
        output = steps[:, first:] + self.dropout(self.output(torch.cat(attended, dim=1)))
        return output + self.dropout(self.feed_forward(output))


class AttentiveStack(nn.Module):
    """A stack, then attention over a window of its outputs; it has the interface of `zoo.models.recurrent`.

    The state is that of the stack, its last `window` outputs (window, B, F), and how many of them there are (1, B, 1).
    """

    def __init__(self, config: RecurrentConfig, stack: nn.Module) -> None:
        super().__init__()
        self.stack = stack
        self.attention = WindowAttention(config.output_size, config.num_heads, config.attention_window, config.dropout)
        self.window = self.memory_steps = config.attention_window  # golden samples are longer than the memory
        self.size = config.output_size

    def forward(self, input: Tensor, lengths: Optional[Tensor], state: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        output, inner = self.stack(input, lengths, state[:-2])
        joined = torch.cat([state[-2].transpose(0, 1), output], dim=1)  # (B, window + T, F)
        seen = state[-1].squeeze(0)  # (B, 1)
        unseen = self.window - seen.squeeze(1).to(torch.int64)  # (B,)
        attended = self.attention(joined, self.window, unseen)
        if lengths is None:
            steps = torch.full_like(seen, output.size(1))
        else:
            attended = mask_padding(attended, lengths)
            steps = lengths.to(seen).unsqueeze(1)
        tail = last_steps(joined, lengths, self.window).transpose(0, 1).contiguous()
        count = (seen + steps).clamp(max=float(self.window)).unsqueeze(0)
        inner += [tail, count]
        return attended, inner

    def final(self, state: List[Tensor]) -> Tensor:
        unseen = self.window - state[-1].flatten().to(torch.int64)
        return self.attention(state[-2].transpose(0, 1), self.window - 1, unseen).squeeze(1)  # (B, F)

    def zero_state(self, batch_size: int, like: Tensor) -> List[Tensor]:
        tail = torch.zeros([self.window, batch_size, self.size], dtype=like.dtype, device=like.device)
        count = torch.zeros([1, batch_size, 1], dtype=like.dtype, device=like.device)
        state: List[Tensor] = self.stack.zero_state(batch_size, like)
        state += [tail, count]
        return state
