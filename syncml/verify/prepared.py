"""The model of a system that this process has built, for itself and for the copies that are made of it.

Rule: the last one is kept as it was built, so a task that takes it must have a process of its own; what its terms are
then does not depend on the tasks before.
"""

from __future__ import annotations

from typing import Any

from syncml.verify.model import Model
from syncml.verify.smt import z3
from syncml.verify.system import System

_kept: dict[str, Model] = {}

_contexts: list[Any] = []
"""Solver contexts that nothing was asked of."""


def ready() -> None:
    """Make a context for the next model, which takes as long as a small proof."""
    _contexts.append(z3.Context())


def is_kept(text: str) -> bool:
    """Whether the model of the system with this text is the one that is kept."""
    return text in _kept


def keep(text: str) -> Model:
    """Build the model of a system from its text, and keep it in place of the last one."""
    _kept.clear()
    _kept[text] = Model(System.from_json(text))
    return _kept[text]


def model_of(text: str) -> Model:
    """The model that is kept, or a new one."""
    return _kept.get(text) or Model(System.from_json(text), _contexts.pop() if _contexts else None)
