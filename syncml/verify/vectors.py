"""Terms compiled to NumPy: one instant of many runs of a model at once, each run a lane.

Rule: an operation is an array operation; integers and bit vectors are 64-bit integers (a bit vector of width w is the
number below 2^w), reals are doubles. So a large integer may wrap and a real may round: what a run shows counts only
once it has been replayed. A term that is not known here, or too large, is not compiled.

Beside its value a condition has a price, which says how far a lane is from making it true, and another for false
(search-based testing): |a - b| for a comparison, the smaller for "or", the sum for "and", both below one for an atom.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy

from syncml.verify.smt import Term, is_value, value_of, z3

np: Any = numpy
"""Arrays have the types of their terms, not of Python."""

LARGEST = 20_000
"""Models with more operations than this are not compiled."""

DEEPEST = 400
"""So many parts of a condition have prices at most."""

_INFIX = {
    z3.Z3_OP_AND: "&", z3.Z3_OP_OR: "|", z3.Z3_OP_ADD: "+", z3.Z3_OP_MUL: "*", z3.Z3_OP_SUB: "-", z3.Z3_OP_LE: "<=",
    z3.Z3_OP_GE: ">=", z3.Z3_OP_LT: "<", z3.Z3_OP_GT: ">", z3.Z3_OP_EQ: "==", z3.Z3_OP_IFF: "==", z3.Z3_OP_XOR: "!=",
    z3.Z3_OP_ULEQ: "<=", z3.Z3_OP_UGEQ: ">=", z3.Z3_OP_ULT: "<", z3.Z3_OP_UGT: ">", z3.Z3_OP_BAND: "&",
    z3.Z3_OP_BOR: "|", z3.Z3_OP_BXOR: "^",
}  # fmt: skip

_WRAPPED = {z3.Z3_OP_BADD: "+", z3.Z3_OP_BSUB: "-", z3.Z3_OP_BMUL: "*"}

_SIGNED = {z3.Z3_OP_SLEQ: "<=", z3.Z3_OP_SGEQ: ">=", z3.Z3_OP_SLT: "<", z3.Z3_OP_SGT: ">"}

Step = Callable[[Sequence[Any], Sequence[Any]], tuple[Any, list[Any], list[Any], list[Any]]]
"""From states and inputs to whether the facts hold, the next states, what is shown, and the prices."""


def compiled(states: Sequence[Term], inputs: Sequence[Term], held: Sequence[Term], following: Sequence[Term],
             shown: Sequence[Term], claims: Sequence[Term] = ()) -> Step | None:  # fmt: skip
    """The step of a model over its states and inputs; None where a term is not known.

    Args:
        states: The constants of the states, in order.
        inputs: The constants of the inputs, in order.
        held: What holds at every instant.
        following: The next states.
        shown: Terms whose values are wanted.
        claims: Conditions of which the price of false is wanted.
    """
    writer = _Writer()
    writer.names |= {t.get_id(): f"s[{i}]" for i, t in enumerate(states)}
    writer.names |= {t.get_id(): f"u[{i}]" for i, t in enumerate(inputs)}
    try:
        kept = " & ".join(map(writer.value, held)) or "true"
        after = ", ".join(map(writer.value, following))
        values = ", ".join(map(writer.value, shown))
        prices = ", ".join(writer.price(c, wanted=False) for c in claims if writer.value(c))
    except _UnknownError:
        return None
    text = ["def step(s, u):", *writer.lines, f"    return {kept}, [{after}], [{values}], [{prices}]"]
    space: dict[str, Any] = {
        "where": np.where, "least": np.minimum, "near": _near, "signed": signed, "quotient": _quotient,
        "remainder": _remainder, "ratio": _ratio, "shifted": _shifted, "integer": _integer,
        "true": np.True_, "false": np.False_,
    }  # fmt: skip
    exec(compile("\n".join(text), "<model>", "exec"), space)
    return space["step"]


class _UnknownError(Exception):
    """A term that lanes do not have."""


class _Writer:
    """Writes a statement for each term, once."""

    def __init__(self) -> None:
        self.names: dict[int, str] = {}
        self.lines: list[str] = []
        self._prices: dict[tuple[int, bool], str] = {}
        self._kept: list[Term] = []

    def _let(self, text: str) -> str:
        if len(self.lines) > LARGEST:
            raise _UnknownError
        name = f"t{len(self.lines)}"
        self.lines.append(f"    {name} = {text}")
        return name

    def value(self, term: Term) -> str:
        """The name of the value of ``term``."""
        self._kept.append(term)
        stack = [term]
        while stack:
            t = stack[-1]
            if t.get_id() in self.names:
                stack.pop()
                continue
            children = t.children()
            if missing := [c for c in children if c.get_id() not in self.names]:
                stack.extend(missing)
                continue
            stack.pop()
            parts = [self.names[c.get_id()] for c in children]
            self.names[t.get_id()] = _literal(t) if is_value(t) else self._let(_expression(t, children, parts))
        return self.names[term.get_id()]

    def price(self, term: Term, *, wanted: bool) -> str:
        """The name of how far lanes are from ``term`` being what is wanted."""
        stack = [(term, wanted)]
        while stack:
            t, value = stack[-1]
            key = t.get_id(), value
            if key in self._prices:
                stack.pop()
                continue
            parts = list(_parts(t, value)) if len(self._prices) < DEEPEST else []
            if missing := [p for p in parts if (p[0].get_id(), p[1]) not in self._prices]:
                stack.extend(missing)
                continue
            stack.pop()
            self._kept.append(t)
            self._prices[key] = self._let(self._priced(t, value, [self._prices[p.get_id(), v] for p, v in parts]))
        return self._prices[term.get_id(), wanted]

    def _priced(self, t: Term, wanted: bool, parts: Sequence[str]) -> str:
        here = self.names[t.get_id()]
        kind = t.decl().kind()
        if parts and kind == z3.Z3_OP_NOT:
            return parts[0]
        if parts and kind == z3.Z3_OP_ITE:
            return f"least({parts[0]} + {parts[1]}, {parts[2]} + {parts[3]})"
        if parts:
            every = (kind == z3.Z3_OP_AND) == wanted
            return " + ".join(parts) if every else _folded("least", parts)
        if kind in _COMPARISONS and not z3.is_bool(t.arg(0)) and not z3.is_bv(t.arg(0)):
            a, b = (self.names[c.get_id()] for c in t.children())
            away = f"near({a}, {b})"
            return f"where({here}, 0.0, {away})" if wanted else f"where({here}, {away}, 0.0)"
        return f"where({here}, 0.0, 1.0)" if wanted else f"where({here}, 1.0, 0.0)"


_COMPARISONS = (z3.Z3_OP_LE, z3.Z3_OP_GE, z3.Z3_OP_LT, z3.Z3_OP_GT, z3.Z3_OP_EQ)


def _folded(name: str, parts: Sequence[str]) -> str:
    result = parts[0]
    for part in parts[1:]:
        result = f"{name}({result}, {part})"
    return result


def _parts(t: Term, wanted: bool) -> Iterator[tuple[Term, bool]]:
    """The conditions of which the price of ``t`` is made."""
    match t.decl().kind():
        case z3.Z3_OP_NOT:
            yield t.arg(0), not wanted
        case z3.Z3_OP_AND | z3.Z3_OP_OR:
            yield from ((c, wanted) for c in t.children())
        case z3.Z3_OP_ITE if z3.is_bool(t):
            condition, then, other = t.children()
            yield from ((condition, True), (then, wanted), (condition, False), (other, wanted))
        case _:
            pass


def _literal(t: Term) -> str:
    value = value_of(t)
    if z3.is_bool(t):
        return "true" if value else "false"
    if z3.is_real(t):
        return repr(float(value))
    if not -(2**63) <= value < 2**63:
        raise _UnknownError
    return f"({value})"


def _expression(t: Term, children: Sequence[Term], parts: Sequence[str]) -> str:
    kind = t.decl().kind()
    if kind in _INFIX and len(parts) >= 2:
        return f" {_INFIX[kind]} ".join(parts)
    mask = (1 << t.size()) - 1 if z3.is_bv(t) and t.size() < 64 else None
    if any(z3.is_bv(x) and x.size() >= 63 for x in (t, *children)):
        raise _UnknownError
    if kind in _WRAPPED:
        return f"({f' {_WRAPPED[kind]} '.join(parts)}) & {mask}"
    if kind in _SIGNED:
        width = children[0].size()
        return f"signed({parts[0]}, {width}) {_SIGNED[kind]} signed({parts[1]}, {width})"
    match kind:
        case z3.Z3_OP_NOT:
            return f"~{parts[0]}"
        case z3.Z3_OP_IMPLIES:
            return f"~{parts[0]} | {parts[1]}"
        case z3.Z3_OP_ITE:
            return f"where({parts[0]}, {parts[1]}, {parts[2]})"
        case z3.Z3_OP_DISTINCT if len(parts) == 2:
            return f"{parts[0]} != {parts[1]}"
        case z3.Z3_OP_UMINUS:
            return f"-{parts[0]}"
        case z3.Z3_OP_TO_REAL:
            return f"{parts[0]} * 1.0"
        case z3.Z3_OP_TO_INT:
            return f"integer({parts[0]})"
        case z3.Z3_OP_IDIV:
            return f"quotient({parts[0]}, {parts[1]})"
        case z3.Z3_OP_MOD:
            return f"remainder({parts[0]}, {parts[1]})"
        case z3.Z3_OP_DIV:
            return f"ratio({parts[0]}, {parts[1]})"
        case z3.Z3_OP_BNEG:
            return f"-{parts[0]} & {mask}"
        case z3.Z3_OP_BNOT:
            return f"~{parts[0]} & {mask}"
        case z3.Z3_OP_SIGN_EXT:
            return f"signed({parts[0]}, {children[0].size()}) & {mask}"
        case z3.Z3_OP_ZERO_EXT:
            return parts[0]
        case z3.Z3_OP_EXTRACT:
            _, low = t.params()
            return f"({parts[0]} >> {low}) & {mask}"
        case z3.Z3_OP_CONCAT if len(parts) == 2:
            return f"({parts[0]} << {children[1].size()}) | {parts[1]}"
        case z3.Z3_OP_BSHL | z3.Z3_OP_BLSHR:
            return f"shifted({parts[0]}, {parts[1]}, {t.size()}, {kind == z3.Z3_OP_BSHL}) & {mask}"
        case _:
            raise _UnknownError


def _near(a: Any, b: Any) -> Any:
    """The distance of two numbers as one above zero and below one."""
    distance = 0.01 + np.abs(a * 1.0 - b)
    return distance / (1.0 + distance)


def signed(x: Any, width: int) -> Any:
    """Bit vectors as numbers with a sign."""
    return x - ((x >> (width - 1)) << width)


def _integer(x: Any) -> Any:
    return np.floor(x).astype(np.int64)


def _quotient(a: Any, b: Any) -> Any:
    """Rounded so that the remainder is not negative; by zero, anything will do."""
    some = np.where(b == 0, 1, b)
    return np.where(some > 0, a // some, -(a // -some))


def _remainder(a: Any, b: Any) -> Any:
    return a % np.abs(np.where(b == 0, 1, b))


def _ratio(a: Any, b: Any) -> Any:
    return a / np.where(b == 0, 1.0, b)


def _shifted(x: Any, by: Any, width: int, left: bool) -> Any:
    few = np.minimum(by, width - 1)
    moved = x << few if left else x >> few
    return np.where(by >= width, 0, moved)
