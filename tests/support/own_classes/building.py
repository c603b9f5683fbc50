"""A class of users, as `zoo.build_own_model` takes it."""

from __future__ import annotations

from typing import Any

import zoo

SPEC = zoo.TensorSpec("input", "float32", ("batch", "seq_len", 4))


def build(name: str, **options: Any) -> Any:
    """Build a class of this package."""
    return zoo.build_own_model(f"support.own_classes:{name}", {}, SPEC, **options)
