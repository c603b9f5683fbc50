"""A written-out cell over sequences: any layers and directions, with the interface of `zoo.models.recurrent`."""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

from zoo.config import CELLS, ConfigError, RecurrentConfig
from zoo.models.cells import CELL_FACTORIES
from zoo.models.cells.torch_cells import make_torch_cell
from zoo.models.padding import mask_padding, step_mask
from zoo.models.zoneout import Zoneout


def make_cell(config: RecurrentConfig, input_size: int, later: bool) -> nn.Module:
    """Return the cell of a configuration, for a layer's input; `later` tells that a layer of the stack gives it.

    Raises:
        ConfigError: the cell has biases where `bias` is False, or none where it is True.
    """
    if config.cell in CELLS:
        return make_torch_cell(config, input_size)
    options = {name: getattr(config, name) for name in config.cell_spec.options}
    if "columns" in options:  # a place needs to know which units of the layer below lie over it
        options["parts"] = config.num_directions if later else 1
    cell = CELL_FACTORIES[config.cell](input_size, config.hidden_size, config.bias, **options)
    biased = any(name.rpartition(".")[2].startswith("bias") for name, _ in cell.named_parameters())
    if biased != config.bias:
        has, fix = ("biases", "make none") if biased else ("no biases", "make them, or give its CellSpec biases=False")
        raise ConfigError(
            f"bias={config.bias}, but cell={config.cell!r} has {has}: where its factory gets bias={config.bias}, {fix}"
        )
    return cell


class CellLayer(nn.Module):
    """One cell over the steps of a sequence, in one direction. Training uses the cell's parallel form if it has one."""

    __constants__ = ["has_parallel"]  # noqa: RUF012 - TorchScript then leaves the branch out for a cell without the form

    def __init__(self, cell: nn.Module, reverse: bool, zoneout: Zoneout) -> None:
        super().__init__()
        self.cell_module = cell
        self.reverse = reverse
        self.zoneout = zoneout
        self.has_parallel = hasattr(cell, "parallel") and not zoneout.probability

    def forward(self, input: Tensor, valid: Optional[Tensor], state: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        """Run (B, T, I) from a state of (B, H) tensors. A row keeps its state where `valid`, bool (B, T), is False."""
        if self.has_parallel and self.training:
            return self.run_at_once(input, valid, state)
        outputs: List[Tensor] = []
        num_steps = input.size(1)
        for step in range(num_steps):
            t = num_steps - 1 - step if self.reverse else step
            after = self.zoneout(self.cell_module(input[:, t], state), state)
            if valid is not None:
                takes_part = valid[:, t].unsqueeze(1)  # (B, 1)
                after = [torch.where(takes_part, after[i], state[i]) for i in range(len(state))]
            state = after
            outputs.append(state[0])
        if self.reverse:
            outputs.reverse()
        return torch.stack(outputs, dim=1), state  # (B, T, H)

    def run_at_once(self, input: Tensor, valid: Optional[Tensor], state: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        """Run the cell's parallel form, with the arguments and results of `forward`."""
        if not self.reverse:
            output, state = self.cell_module.parallel(input, valid, state)
            return output, state
        if valid is not None:
            valid = valid.flip(1)
        output, state = self.cell_module.parallel(input.flip(1), valid, state)
        return output.flip(1), state


class WrittenStack(nn.Module):
    """A cell of `zoo.models.cells`, or one's own, in several layers and directions.

    Args:
        config: of the layers.
        later: whether the input is the output of such a stack.
    """

    def __init__(self, config: RecurrentConfig, later: bool = False) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        for layer in range(config.num_layers):
            size = config.input_size if layer == 0 else config.output_size
            for direction in range(config.num_directions):
                cell = make_cell(config, size, later or layer > 0)
                self.layers.append(CellLayer(cell, direction == 1, Zoneout(config.zoneout, config.cell_spec)))
        self.dropout = nn.Dropout(config.dropout)
        self.num_directions = config.num_directions
        self.num_states = len(config.cell_spec.state_names)
        self.state_rows = config.num_layers * config.num_directions
        self.hidden_size = config.hidden_size

    def forward(self, input: Tensor, lengths: Optional[Tensor], state: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        valid: Optional[Tensor] = None
        if lengths is not None:
            # Padding may be NaN, and a gradient of 0 times NaN is NaN.
            input = mask_padding(input, lengths)
            valid = step_mask(lengths, input.size(1), input.device)
        finals: List[List[Tensor]] = []
        directions: List[Tensor] = []
        for k, layer in enumerate(self.layers):
            output, final = layer(input, valid, [s[k] for s in state])
            finals.append(final)
            directions.append(output)
            if len(directions) == self.num_directions:
                input = torch.cat(directions, dim=2)  # (B, T, directions * H)
                directions = []
                if k + 1 < self.state_rows:
                    input = self.dropout(input)
        if lengths is not None:
            input = mask_padding(input, lengths)
        return input, [torch.stack([final[i] for final in finals]) for i in range(self.num_states)]

    def final(self, state: List[Tensor]) -> Tensor:
        h_n = state[0]  # (layers * directions, B, H)
        return h_n[-self.num_directions :].transpose(0, 1).flatten(1)  # (B, directions * H)

    def zero_state(self, batch_size: int, like: Tensor) -> List[Tensor]:
        size = [self.state_rows, batch_size, self.hidden_size]
        return [torch.zeros(size, dtype=like.dtype, device=like.device) for _ in range(self.num_states)]
