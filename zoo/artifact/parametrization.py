"""Weights that a module computes from others, made plain: TorchScript compiles none of PyTorch's ways to do that."""

from __future__ import annotations

import copy

from torch import Tensor, nn
from torch.nn.utils import parametrize, prune, remove_spectral_norm, remove_weight_norm
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm


def copy_module(module: nn.Module) -> nn.Module:
    """Copy a module deeply, also one whose weights are results, which `copy.deepcopy` refuses."""
    memo: dict[int, Tensor] = {}
    for part in module.modules():
        for value in vars(part).values():
            results = value if isinstance(value, list) else [value]
            memo.update({id(v): v.detach().clone() for v in results if isinstance(v, Tensor) and not v.is_leaf})
    return copy.deepcopy(module, memo)


def make_plain_(module: nn.Module) -> list[str]:
    """Replace weights under `weight_norm`, `spectral_norm` and `parametrize` by their values, in place.

    Returns:
        What was made plain, "rnn.weight_hh_l0 (weight_norm)".
    """
    done: list[str] = []
    for path, part in module.named_modules():
        prefix = f"{path}." if path else ""
        for hook in list(part._forward_pre_hooks.values()):
            if isinstance(hook, WeightNorm):
                remove_weight_norm(part, hook.name)
                done.append(f"{prefix}{hook.name} (weight_norm)")
            elif isinstance(hook, SpectralNorm):
                remove_spectral_norm(part, hook.name)
                # PyTorch registers the plain weight past `nn.RNNBase`, which computes with a list of its own.
                setattr(part, hook.name, getattr(part, hook.name))
                done.append(f"{prefix}{hook.name} (spectral_norm)")
            elif isinstance(hook, prune.BasePruningMethod):
                name = hook._tensor_name
                kept = getattr(part, name).detach().clone()
                prune.remove(part, name)
                setattr(part, name, nn.Parameter(kept, requires_grad=False))  # past `nn.RNNBase`, as above
                done.append(f"{prefix}{name} (pruned)")
        if not parametrize.is_parametrized(part):
            continue
        # PyTorch makes a class for a parametrized module, and takes its weights out of that class. A copy shares the
        # class with the original, which has to keep them.
        part.__class__ = type(type(part).__name__, type(part).__bases__, dict(vars(type(part))))
        for name, steps in list(part.parametrizations.items()):
            kinds = ", ".join(type(step).__name__.lstrip("_") for step in steps)
            learned = any(isinstance(value, nn.Parameter) for value in steps.parameters(recurse=False))
            parametrize.remove_parametrizations(part, name, leave_parametrized=True)
            if learned:  # without gradients PyTorch makes a buffer of what several parameters gave
                setattr(part, name, nn.Parameter(getattr(part, name).detach(), requires_grad=False))
            done.append(f"{prefix}{name} ({kinds})")
    return done
