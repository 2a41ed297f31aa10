"""Recursion without a stack of calls: a step of a walk yields the steps that it waits for.

Rule: in a generator, ``value = yield step`` is the call of ``step``. `run` keeps the generators that wait in a list, so
the depth of an expression is bounded by memory alone.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")
Walk: TypeAlias = Generator[Any, Any, T]
"""A step that yields other steps and returns a ``T``."""


def run(first: Walk[T]) -> T:
    """The result of a walk; an exception passes through the steps that wait, as through calls."""
    waiting: list[Walk[Any]] = [first]
    value: Any = None
    fault: Exception | None = None
    while waiting:
        step = waiting[-1]
        try:
            inner = step.send(value) if fault is None else step.throw(fault)
        except StopIteration as done:
            waiting.pop()
            value, fault = done.value, None
        except Exception as raised:
            waiting.pop()
            fault = raised.with_traceback(None)
        else:
            waiting.append(inner)
            value, fault = None, None
    if fault is not None:
        raise fault
    return value
