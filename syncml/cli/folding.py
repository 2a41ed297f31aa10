"""The option `--fold`, and what a person reads of it."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from syncml.cli.declared import Option

if TYPE_CHECKING:
    from syncml.export_c.report.folding import Folding, Weighed
    from syncml.ir.equations.folding import Folded
    from syncml.ir.step.lowering import Observed
    from syncml.ir.step.syntax import StepProgram
    from syncml.pipeline import Checked


class Choice(enum.StrEnum):
    """Whether windows are folded."""

    AUTO = "auto"
    NEVER = "never"
    ALWAYS = "always"


FoldOption = Annotated[
    Choice,
    Option(
        "--fold", help="Compute what reads a window once for each value: where that is worth its memory, never, always."
    ),
]


def folded(checked: Checked, choice: Choice, observe: Observed | None = None) -> tuple[Checked, Folded]:
    """Return the program as the choice wants it, and what folding did."""
    from dataclasses import replace

    from syncml import pipeline
    from syncml.ir.equations.folding import Fold

    found = pipeline.folded(checked, Fold(choice.value), observe)
    return (replace(checked, program=found.program) if found.shared else checked), found


def costs_of(
    checked: Checked, found: Folded, unfolded: StepProgram | None, declined: StepProgram | None
) -> Folding | None:
    """Return what the report says of windows; None where there are none."""
    from syncml.export_c.report.folding import Folding
    from syncml.ir.equations.work import products_of

    if not found.shared and not found.whole:
        return None
    products = (products_of(checked.program), products_of(found.program))
    return Folding(found, None if declined is not None else unfolded, products, declined)


def summary(checked: Checked, found: Folded, declined: Weighed | None) -> Iterator[str]:
    """Yield what folding did, in a line or two; nothing where there is no window."""
    from syncml.ir.equations.work import products_of

    if declined is not None:
        (slow, fast), (small, large) = declined.instructions, declined.ram
        yield f"not folded over time: {large:,} bytes of RAM in the place of {small:,}, for {fast:,} instructions a"
        yield f"  tick in the place of {slow:,} by an estimate; `--fold always` folds all the same"
    elif found.shared:
        before, after = products_of(checked.program), products_of(found.program)
        lines = [shared for shared in found.shared if shared.kept]
        kept = sum(shared.bytes for shared in lines)
        what = f"{before:,} products a tick become {after:,}" if before else "windows"
        yield f"folded over time: {what}; {kept:,} bytes of columns are kept in {len(lines)} lines"
    elif found.whole:
        yield "not folded over time: it would be no less work"
