"""Values of a network while it becomes a node: streams, and arrays where a value depends on weights alone."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from syncml.lang.functions import constant
from syncml.lang.stream import Stream

Tensor: TypeAlias = Any
"""A `Stream` or a NumPy array; which of the two is known only when the file is read."""


def is_array(value: Tensor) -> bool:
    """Whether ``value`` depends on weights alone."""
    return isinstance(value, np.ndarray)


def as_stream(value: Tensor) -> Stream[Any]:
    """``value`` itself, or the constant stream of an array; its real numbers are ``f32``."""
    if not is_array(value):
        return value
    return constant(value.astype(np.float32) if value.dtype.kind == "f" else value)
