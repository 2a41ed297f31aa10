"""A flat node with the checks that nobody has to write, as the semantics of numbers asks for them.

Rule: machine integers must not overflow and floats must stay finite, as far as intervals do not show it; mathematical
numbers do neither. The same program has the same checks wherever it is verified, replayed or tested.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncml.ir.equations.syntax import Node, Var
from syncml.ir.types import FLOATS, element
from syncml.lazy import numpy as np
from syncml.verify.checks import Checked, with_checks

if TYPE_CHECKING:
    from syncml.verify.floats.ranges import Ranges


def instrumented(
    node: Node, *, machine: bool = True, rounds: bool = True, promising: bool = False
) -> tuple[Checked, Ranges | None]:
    """A flat node with its checks, and the ranges of its streams if it has machine floats.

    Args:
        node: The node.
        machine: Whether integers are the machine's.
        rounds: Whether floats are the machine's too.
        promising: Whether others rely on the contract of the node: they take its outputs for numbers.
    """
    if not rounds or not any(element(v.type) in FLOATS for v in node.clocks):
        return with_checks(node, overflow=machine), None
    from syncml.verify.floats.ranges import ranges_of

    before = ranges_of(node)
    outputs: list[Var] = []
    if promising:
        outputs = [
            v for v in node.outputs if element(v.type) in FLOATS and not bool(np.all(before.values[v].finite))
        ]  # fmt: skip
    checked = with_checks(node, overflow=True, risky=before.risky, outputs=outputs)
    # The streams of the checks have ranges too.
    return checked, ranges_of(checked.node, first=before)
