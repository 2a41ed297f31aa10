"""What the clock calculus tells the user: which two clocks meet where, and the edit that brings them together.

Rule for the repair: a stream on a slower clock is held, one on a faster clock is sampled, streams on complementary
clocks are merged.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from fractions import Fraction

from syncml.dataclass import dataclass
from syncml.diagnostics import Diagnostic, Label, Span, error
from syncml.ir.clocks import BASE, LONGEST_WORD, Clock, On, Periodic, complement, steps
from syncml.ir.equations.syntax import Equation, Merge, Node, Var
from syncml.ir.rates import describe, in_hertz, rate_of, share_of
from syncml.ir.types import EnumType


class Role(Enum):
    """What two clocks were compared for; the value says what the equation asks for."""

    OPERAND = "all operands of an operation are present at the same instants"
    SOURCE = "a stream is sampled by a condition on its own clock"
    BRANCH = "each branch of a merge is present exactly when its condition selects it"
    ARGUMENT = "the arguments of a call are present when the node expects them"
    RESULT = "a stream has one clock wherever it is used"
    DECLARED = "an input has the clock that it is declared with"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Why two clocks have to be equal.

    ``found`` is the stream whose clock is compared, ``expected`` the stream that sets the other clock, ``formal`` the
    input or output of ``callee`` that does; ``constructor`` selects the branch of a merge.
    """

    role: Role
    span: Span
    expected: Var | None = None
    callee: Node | None = None
    formal: Var | None = None
    constructor: bool | str | None = None
    found: Var | None = None


def mismatch(comparison: Comparison, found: Clock | None, expected: Clock | None, rate: Fraction | None) -> Diagnostic:
    """C001 (C003 for a branch of a merge): ``found`` should be ``expected``; None is a clock that cannot be told."""
    name = named(comparison.found, "this value")
    has, wanted = (_text(clock, rate) for clock in (found, expected))
    secondary: list[Label] = []
    if comparison.found is not None:
        secondary.append(Label(comparison.found.span, f"{name} has clock {has}"))
    if comparison.formal is not None and comparison.callee is not None:
        secondary.append(Label(comparison.formal.span, _formal_clock(comparison.callee, comparison.formal)))
    other = comparison.expected
    if other is not None and other is not comparison.found:
        clock = _parent(expected) if comparison.role is Role.BRANCH else expected
        secondary.append(Label(other.span, f"{named(other, 'this value')} has clock {_text(clock, rate)}"))
    user_name = comparison.found.name if comparison.found is not None and comparison.found.user else "..."
    if comparison.role is Role.BRANCH:
        message = f"the branch for {_constructor(comparison.constructor)} has clock {has} but must have clock {wanted}"
        help_ = _branch_repair(user_name, found, expected)
    else:
        message = f"{name} has clock {has} but is expected to have clock {wanted}"
        help_ = repair(user_name, found, expected, rate)
    return error(
        "C003" if comparison.role is Role.BRANCH else "C001",
        message,
        comparison.span,
        comparison.role.value,
        secondary=[s for s in secondary if s.span != comparison.span],
        help=help_,
    )


def repair(name: str, found: Clock | None, expected: Clock | None, rate: Fraction | None) -> str:
    """The edit that takes the stream ``name`` from clock ``found`` to clock ``expected``."""
    if found is None or expected is None:
        return "repair the other clock error first"
    if isinstance(found, On) and isinstance(expected, On) and _complementary(found, expected):
        return f"the two are never present together: join them with {_merging(found.condition)}"
    if isinstance(found, Periodic) and isinstance(expected, Periodic) and found.parent == expected.parent:
        if found.word == complement(expected.word):
            return "the two are never present together: join them with `merge`"
        if found.word.rate == expected.word.rate:
            return "both have the same rate but not the same phase: give both one phase, or hold the first"
    if _is_within(found, expected):
        return f"take it to the faster clock with `hold({name}, init=...)`{_or_merge(found)}"
    if _is_within(expected, found):
        return f"take it to the slower clock with {_sampling(name, found, expected, rate)}"
    shares = share_of(found), share_of(expected)
    if shares[0] is not None and shares[1] is not None and shares[0] > shares[1]:
        return f"take it to the slower clock with {_sampling(name, found, expected, rate)}"
    return f"bring both to one clock: `hold({name}, init=...)` first, then sample it if the other is slower"


def incomplete_merge(equation: Equation, rhs: Merge, wanted: Sequence[bool | str]) -> Diagnostic:
    """C003: a constructor without a branch, or with two."""
    given = [constructor for constructor, _ in rhs.branches]
    missing = [_constructor(c) for c in wanted if c not in given]
    twice = [_constructor(c) for c in wanted if given.count(c) > 1]
    unknown = [_constructor(c) for c in given if c not in wanted]
    faults = [
        f"{word} {', '.join(names)}"
        for word, names in (("no branch for", missing), ("two branches for", twice), ("no such case as", unknown))
        if names
    ]
    return error(
        "C003",
        f"a merge on {named(rhs.condition, 'a condition')} has {' and '.join(faults)}",
        equation.span,
        "exactly one branch is present at each instant",
        secondary=[Label(rhs.condition.span, f"the condition, of type {rhs.condition.type}")],
        help=f"give one branch for each of {', '.join(_constructor(c) for c in wanted)}",
    )


def escape(node: Node, var: Var, condition: Var) -> Diagnostic:
    """C005: the clock of an input or output is made of a condition that the interface does not show."""
    side = "input" if var in node.inputs else "output"
    cause = f"the condition {named(condition, 'without a name')}"
    return error(
        "C005",
        f"the clock of {side} {named(var, var.name)} of `{node.label}` depends on {cause}, which stays inside the node",
        var.span,
        f"its clock is {describe(node.clocks[var], node.rate)}",
        secondary=[Label(condition.span, f"{cause} is computed here")],
        help=f"return {cause} as well, or bring the stream back to the clock of the node with `merge` or `hold`",
    )


def activation_fault(equation: Equation, callee: Node, clock: Clock, rate: Fraction | None) -> Diagnostic:
    """C001 or C002: a node with a rate is called at another rate."""
    assert callee.rate is not None
    wanted = in_hertz(callee.rate)
    actual = rate_of(clock, rate)
    code = "C001"
    if actual is None:
        message = f"`{callee.label}` runs at {wanted} but is called on clock {describe(clock, rate)}, which has no rate"
        help_ = f"call `{callee.label}` on a periodic clock, or remove its rate"
    elif rate is not None and (rate / callee.rate).denominator != 1:
        code = "C002"
        message = f"`{callee.label}` runs at {wanted}, which does not divide the {in_hertz(rate)} of its caller"
        help_ = f"choose a rate of the caller that is a multiple of {wanted}"
    else:
        message = f"`{callee.label}` runs at {wanted} but is called at {describe(clock, rate)}"
        edit = f"`sample(..., to=Hz({_literal(callee.rate)}))`" if actual > callee.rate else "`hold(..., init=...)`"
        help_ = f"bring the arguments to {wanted} with {edit}"
    return error(
        code,
        message,
        equation.span,
        f"called on clock {describe(clock, rate)}",
        secondary=[Label(callee.span, f"`{callee.label}` runs at {wanted}")],
        help=help_,
    )


def late_reset(equation: Equation, reset: Var, found: Clock, wanted: Clock, rate: Fraction | None) -> Diagnostic:
    """C010: a reset is on a clock that misses instants of what it resets."""
    name = named(reset, "this condition")
    return error(
        "C010",
        f"the reset {name} has clock {describe(found, rate)}, and what it resets has clock {describe(wanted, rate)}",
        equation.span,
        "a reset is present whenever what it resets is",
        secondary=[Label(reset.span, f"{name} has clock {describe(found, rate)}")]
        if reset.span != equation.span
        else [],
        help=f"bring the condition to that clock, or to a faster one: `merge({name.strip('`')}_present, ..., False)`"
        if isinstance(found, On)
        else "hold the condition, or compute it on the faster clock",
    )


def timed_reset(equation: Equation, callee: Node, var: Var) -> Diagnostic:
    """C010: an instance that is reset has an interface on a periodic clock, which would start again as well."""
    side = "input" if var in callee.inputs else "output"
    clock = describe(callee.clocks[var], callee.rate)
    return error(
        "C010",
        f"`{callee.label}` cannot be reset: its {side} {named(var, var.name)} has clock {clock}",
        equation.span,
        "a fresh instance counts the instants of that clock from its own first one",
        secondary=[Label(var.span, f"{named(var, var.name)} has clock {clock}")],
        help=f"hold the stream outside, so that `{callee.label}` has it at each of its instants, and sample it inside",
    )


def several_clocks(equation: Equation, callee: Node, var: Var) -> Diagnostic:
    """C012: a node with an input or output off its base clock is instantiated for the elements of an array."""
    side = "input" if var in callee.inputs else "output"
    clock = describe(callee.clocks[var], callee.rate)
    return error(
        "C012",
        f"`{callee.label}` cannot be applied to each element: its {side} {named(var, var.name)} has clock {clock}",
        equation.span,
        "an array has all its elements at the same instants",
        secondary=[Label(var.span, f"{named(var, var.name)} has clock {clock}")],
        help=f"hold the stream inside of `{callee.label}`, or sample the array outside",
    )


def long_word(span: Span | None) -> Diagnostic:
    """C013: a clock takes too long to repeat to be written out."""
    return error(
        "C013",
        f"this clock repeats after more than {LONGEST_WORD} instants",
        span,
        "the periods of what is sampled here multiply",
        help="choose periods that divide each other, or count with a `state` and sample with `when`",
    )


def named(var: Var | None, otherwise: str) -> str:
    """The user's name of a stream, or ``otherwise`` where the user gave none."""
    return f"`{var.name}`" if var is not None and var.user else otherwise


def _text(clock: Clock | None, rate: Fraction | None) -> str:
    return "an unknown clock" if clock is None else describe(clock, rate)


def _constructor(constructor: bool | str | None) -> str:
    return str(constructor).lower() if isinstance(constructor, bool) else str(constructor)


def _formal_clock(callee: Node, formal: Var) -> str:
    kind = "input" if formal in callee.inputs else "output"
    return f"{kind} `{formal.name}` of `{callee.label}` has clock {_text(callee.clocks.get(formal), callee.rate)}"


def _parent(clock: Clock | None) -> Clock | None:
    return clock.parent if isinstance(clock, On | Periodic) else clock


def _complementary(one: On, other: On) -> bool:
    return one.parent == other.parent and one.condition is other.condition and one.constructor != other.constructor


def _is_within(inner: Clock, outer: Clock) -> bool:
    """Whether ``inner`` is made from ``outer`` by further conditions, so that it is present less often."""
    path = steps(inner)
    if outer in (*(step.parent for step in path), inner):
        return True
    if not isinstance(outer, Periodic):
        return False
    below = next((s for s in path if isinstance(s, Periodic) and s.parent == outer.parent), None)
    # The periodic clock is a part of the other one if its ones are among the other's.
    return below is not None and below.word.rate < outer.word.rate


def _or_merge(found: Clock) -> str:
    if not isinstance(found, On):
        return ""
    return f", or give the value of the other instants with {_merging(found.condition)}"


def _merging(condition: Var) -> str:
    parts = "{...}" if isinstance(condition.type, EnumType) else "..., ..."
    return f"`merge({condition.name}, {parts})`"


def _branch_repair(name: str, found: Clock | None, expected: Clock | None) -> str:
    """The edit that brings the branch ``name`` of a merge from clock ``found`` to clock ``expected``."""
    if isinstance(expected, On):
        if found == expected.parent:
            return f"sample the branch by its own case: {_selecting(name, expected)}"
        return f"sample what the branch is computed from by its own case: {_selecting('...', expected)}"
    return f"sample `{name}` at the instants at which the merge selects it, and at no others"


def _selecting(name: str, expected: On) -> str:
    condition = expected.condition
    if isinstance(condition.type, EnumType):
        return f"`when({name}, {condition.name}, {condition.type}.{expected.constructor})`"
    return f"`when({name}, {'' if expected.constructor else '~'}{condition.name})`"


def _sampling(name: str, found: Clock, expected: Clock, rate: Fraction | None) -> str:
    """The call that takes ``name`` to the slower clock ``expected``."""
    if isinstance(expected, On):
        return _selecting(name, expected)
    shares = share_of(found), share_of(expected)
    own = rate_of(expected, rate)
    word = expected.word if isinstance(expected, Periodic) else None
    if word is None or not shares[0] or not shares[1] or sum(word.period) != 1 or 1 in word.prefix:
        return f"`when({name}, ...)` by the same condition"
    start = word.period.index(1) + len(word.prefix)
    if own is not None and rate is not None:
        shift = f", phase=ms({_literal(start * 1000 / rate)})" if start else ""
        return f"`sample({name}, to=Hz({_literal(own)}){shift})`"
    if found == BASE:
        return f"`sample({name}, every({len(word.period)}{f', phase={start}' if start else ''}))`"
    return f"`when({name}, ...)` by the same condition"


def _literal(value: Fraction) -> str:
    """``value`` as Python source that denotes it exactly."""
    if value.denominator == 1:
        return str(value.numerator)
    decimal = f"{float(value):.6g}"
    return decimal if Fraction(decimal) == value else f"Fraction({value.numerator}, {value.denominator})"
