"""The operators of the synchronous kernel: memory, sampling and choice.

pre(x, init=i), fby(i, x)     the value at the previous instant of x's clock, i at first
arrow(a, b)                   a at the first instant, b afterwards
when(x, c), when(x, m, C)     x at the instants at which c is true, m is C
merge(c, a, b)                a where c is true, b where it is false; each is on its part of the clock of c
sample(x, to=Hz(10))          x at the ticks of a slower rate
hold(x, init=i)               the latest value of x, on the clock that x was sampled from
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar, cast, overload

from syncml.ir.clocks import complement
from syncml.ir.constants import Const, zero
from syncml.ir.equations.syntax import Fby, Merge, Var, When
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, EnumType, Type
from syncml.lang.operations import apply_at, atom_of, same_type, shared_presence, value_of
from syncml.lang.presence import Pending, Presence, Sampled
from syncml.lang.records import Record, leafwise
from syncml.lang.source import Place, here, inner
from syncml.lang.stream import Numbers, Stream, stream
from syncml.lang.trace import POISON, Trace, Value, fault, trace_at
from syncml.lang.types import Tensor, is_member, type_text

X = TypeVar("X")
R = TypeVar("R", bound=Record)
V = TypeVar("V", bound=Tensor[Any])
M = TypeVar("M", bound=enum.Enum)


@overload
def pre(x: R, init: R | None = None) -> R: ...
@overload
def pre(x: Stream[V], init: Stream[V] | Numbers | float | None = None) -> Stream[V]: ...
@overload
def pre(x: Stream[X], init: Stream[X] | X | None = None) -> Stream[X]: ...
def pre(x: Any, init: Any = None) -> Any:
    """The value of ``x`` at the previous instant of its clock; ``init`` at the first, where it is undefined without."""
    if isinstance(x, Record):
        return leafwise(pre, x) if init is None else leafwise(pre, x, init)
    place = here()
    return stream(_delay(place, trace_at(place, "`pre`"), x, init, "pre"))


@overload
def fby(init: R, x: R) -> R: ...
@overload
def fby(init: Stream[V] | Numbers | float, x: Stream[V]) -> Stream[V]: ...
@overload
def fby(init: Stream[X] | X, x: Stream[X]) -> Stream[X]: ...
def fby(init: Any, x: Any) -> Any:
    """``init`` at the first instant, afterwards the previous value of ``x``."""
    if isinstance(init, Record) or isinstance(x, Record):
        return leafwise(fby, init, x)
    place = here()
    return stream(_delay(place, trace_at(place, "`fby`"), x, init, "fby"))


def _delay(place: Place, trace: Trace, x: object, init: object, role: str) -> Value:
    source = value_of(x, place)
    if init is None:
        if source.atom is None:
            return POISON
        return trace.define(Fby(None, source.atom), source.type, place, role, source.presence)
    paired = same_type([source, value_of(init, place)], place, "a stream and its first value")
    if paired is None:
        return POISON
    (following, first), type_ = paired
    if isinstance(first.atom, Const):
        return trace.define(Fby(first.atom, atom_of(following)), type_, place, role, following.presence)
    # The first value is itself a stream: it counts at the first instant only.
    delayed = trace.define(Fby(zero(type_), atom_of(following)), type_, inner(place), role, following.presence)
    return choose_first(place, trace, first, delayed, role)


def choose_first(place: Place, trace: Trace, first_value: Value, later: Value, role: str) -> Value:
    """``first_value -> later``."""
    shared = shared_presence([first_value, later], place)
    return apply_at(place, trace, Op.WHERE, [_first(inner(place), trace, shared), first_value, later], role=role)


def _first(place: Place, trace: Trace, presence: Presence | None) -> Value:
    return trace.define(Fby(Const(True, BOOL), Const(False, BOOL)), BOOL, place, "first", presence)


def first() -> Stream[bool]:
    """True at the first instant of the clock that it is used on, false afterwards."""
    place = here()
    return stream(_first(place, trace_at(place, "`first`"), Pending()))


@overload
def arrow(a: R, b: R) -> R: ...
@overload
def arrow(a: Stream[V] | Numbers | float, b: Stream[V]) -> Stream[V]: ...
@overload
def arrow(a: Stream[X] | X, b: Stream[X]) -> Stream[X]: ...
def arrow(a: Any, b: Any) -> Any:
    """``a`` at the first instant, ``b`` afterwards."""
    if isinstance(a, Record) or isinstance(b, Record):
        return leafwise(arrow, a, b)
    place = here()
    trace = trace_at(place, "`arrow`")
    paired = same_type([value_of(a, place), value_of(b, place)], place, "the sides of `arrow`")
    if paired is None:
        return stream(POISON)
    (first_value, later), _ = paired
    return stream(choose_first(place, trace, first_value, later, "arrow"))


@overload
def when(x: R, condition: Stream[bool]) -> R: ...
@overload
def when(x: R, condition: Stream[M], constructor: M) -> R: ...
@overload
def when(x: Stream[X], condition: Stream[bool]) -> Stream[X]: ...
@overload
def when(x: Stream[X], condition: Stream[M], constructor: M) -> Stream[X]: ...
def when(x: Any, condition: Any, constructor: Any = True) -> Any:
    """``x`` at the instants at which ``condition`` is true, or is ``constructor``."""
    if isinstance(x, Record):

        def sampled(leaf: Any) -> Any:
            return when(leaf, condition, constructor)

        return leafwise(sampled, x)
    place = here()
    trace = trace_at(place, "`when`")
    source, chosen = value_of(x, place), condition_of(value_of(condition, place), constructor, place)
    if source.atom is None or chosen is None:
        return stream(POISON)
    return stream(sample_when(place, trace, source, *chosen, role="when"))


def condition_of(value: Value, constructor: object, place: Place) -> tuple[Value, bool | str] | None:
    """The condition and its constructor, with negations taken away; None, and a report, if it is no condition."""
    if value.atom is None:
        return None
    if isinstance(constructor, enum.Enum):
        wanted = constructor.name
        if not is_member(constructor, value.type):
            fault(
                "T004",
                f"{value.text} is {type_text(value.type)}, which has no `{_member_text(constructor, value.type)}`",
                place.span,
                secondary=value.label(),
            )
            return None
        found: tuple[Value, bool | str] = (value, wanted)
    elif value.type == BOOL:
        found = (value, bool(constructor))
        while found[0].negates is not None:
            found = (found[0].negates, not found[1])
    else:
        help_ = (
            f"say which: when(x, mode, {value.type}.{value.type.constructors[0]})"
            if isinstance(value.type, EnumType)
            else "compare it with something"
        )
        fault(
            "T006",
            f"the condition is {type_text(value.type)}, not bool",
            place.span,
            secondary=value.label(),
            help=help_,
        )
        return None
    if not isinstance(value.atom, Var):
        fault(
            "T006", "the condition is a constant", place.span, help="use Python's `if` for what is known while tracing"
        )
        return None
    return found


def sample_when(
    place: Place, trace: Trace, source: Value, condition: Value, constructor: bool | str, role: str
) -> Value:
    """``source when constructor(condition)``."""
    atom = condition.atom
    assert isinstance(atom, Var)
    parent = shared_presence([source, condition], place)
    word = condition.word if constructor is not False or condition.word is None else complement(condition.word)
    sampled = Sampled(parent or Pending(), atom, constructor, word)
    return trace.define(When(atom_of(source), atom, constructor), source.type, place, role, sampled)


@overload
def merge(c: Stream[bool], a: R, b: R, /) -> R: ...
@overload
def merge(c: Stream[bool], a: Stream[X], b: Stream[X] | X, /) -> Stream[X]: ...
@overload
def merge(c: Stream[bool], a: X, b: Stream[X], /) -> Stream[X]: ...
@overload
def merge(c: Stream[M], branches: Mapping[M, Stream[X]], /) -> Stream[X]: ...
@overload
def merge(c: Stream[M], branches: Mapping[M, Stream[float] | float], /) -> Stream[float]: ...  # type: ignore[overload-overlap]
@overload
def merge(c: Stream[M], branches: Mapping[M, Stream[int] | int], /) -> Stream[int]: ...  # type: ignore[overload-overlap]
@overload
def merge(c: Stream[M], branches: Mapping[M, R], /) -> R: ...
def merge(c: Any, a: Any, b: Any = None, /) -> Any:
    """The branch that ``c`` selects; each branch is present exactly where ``c`` has its value.

    Args:
        c: A stream of Booleans, with two branches, or of an enumeration, with a branch for each of its members.
        a: The branch where ``c`` is true, or all branches by member.
        b: The branch where ``c`` is false.
    """
    place = here()
    trace = trace_at(place, "`merge`")
    condition = value_of(c, place)
    branches = _branches(condition, a, b, place)
    if branches is None:
        return stream(POISON)
    if any(isinstance(branch, Record) for branch in branches.values()):

        def merged(*leaves: Any) -> Any:
            return stream(_merge(place, trace, condition, dict(zip(branches, leaves, strict=True))))

        return leafwise(merged, *branches.values())
    return stream(_merge(place, trace, condition, branches))


def _branches(condition: Value, a: object, b: object, place: Place) -> dict[bool | str, Any] | None:
    if condition.atom is None:
        return None
    type_ = condition.type
    if isinstance(type_, EnumType) and isinstance(a, Mapping):
        given = {_member_text(key, type_): value for key, value in cast("Mapping[object, Any]", a).items()}
        for unknown in [name for name in given if name not in type_.constructors]:
            close = get_close_matches(unknown, type_.constructors, 1)
            fault(
                "T004",
                f"`{type_}` has no `{unknown}`",
                place.span,
                help=f"did you mean {type_}.{close[0]}?" if close else None,
            )
            return None
        missing = [name for name in type_.constructors if name not in given]
        if missing:
            fault("C003", f"`merge` has no branch for {', '.join(f'`{type_}.{m}`' for m in missing)}", place.span,
                  secondary=condition.label(), help=f"add {type_}.{missing[0]}: ...")  # fmt: skip
            return None
        return {name: given[name] for name in type_.constructors}
    if type_ == BOOL and not isinstance(a, Mapping) and b is not None:
        return {True: a, False: b}
    if isinstance(type_, EnumType):
        help_ = f"write merge(c, {{{type_}.{type_.constructors[0]}: ..., ...}})"
    else:
        help_ = "write merge(c, a, b) with a stream of Booleans"
    fault(
        "T006",
        f"`merge` on {type_text(type_)} with these branches",
        place.span,
        secondary=condition.label(),
        help=help_,
    )
    return None


def _member_text(key: object, type_: Type) -> str:
    """The name of a constructor of ``type_``; what is none of them, as it is written."""
    if not isinstance(key, enum.Enum):
        return str(key)
    same = type(key).__name__ == str(type_)
    return key.name if same else f"{type(key).__name__}.{key.name}"


def _merge(place: Place, trace: Trace, condition: Value, branches: Mapping[bool | str, object]) -> Value:
    paired = same_type([value_of(branch, place) for branch in branches.values()], place, "the branches of `merge`")
    if paired is None:
        return POISON
    values, type_ = paired
    chosen = dict(zip(branches, values, strict=True))
    while condition.negates is not None:
        condition, chosen = condition.negates, {True: chosen[False], False: chosen[True]}
    if not isinstance(condition.atom, Var):
        return fault(
            "T006", "the condition is a constant", place.span, help="use Python's `if` for what is known while tracing"
        )
    rhs = Merge(condition.atom, tuple((name, atom_of(value)) for name, value in chosen.items()))
    return trace.define(rhs, type_, place, "merge", condition.presence)
