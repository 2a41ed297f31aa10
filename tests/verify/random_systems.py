"""Random transition systems with few states, and all that they can do, found by looking at every state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeAlias

from hypothesis import strategies as st

from syncml.verify.system import Definition, Input, State, System

Values: TypeAlias = Mapping[str, Any]

LARGEST = 4
"""Integer states stay within 0 and this."""


@dataclass(frozen=True)
class Text:
    """A term as SMT-LIB text and as a function of the values of inputs and states."""

    text: str
    value: Callable[[Values], Any]


@dataclass(frozen=True)
class Small:
    """A system, and its terms as functions."""

    system: System
    initial: Mapping[str, Any]
    following: Mapping[str, Text]
    assumption: Text
    goals: Mapping[str, Text]

    def violated(self) -> dict[str, int]:
        """The length of the shortest run that violates each goal that has one."""
        found: dict[str, int] = {}
        unknown = [n for n in self.following if n not in self.initial]
        domains = [(False, True) if n[0] == "b" else range(LARGEST + 1) for n in unknown]
        frontier = {
            tuple({**self.initial, **dict(zip(unknown, values, strict=True))}[n] for n in self.following)
            for values in product(*domains)
        }
        seen = set(frontier)
        depth = 0
        while frontier:
            depth += 1
            after: set[tuple[Any, ...]] = set()
            for state in frontier:
                for inputs in product((False, True), repeat=len(self.system.inputs)):
                    names = [i.name for i in self.system.inputs]
                    values = dict(zip(self.following, state, strict=True)) | dict(zip(names, inputs, strict=True))
                    if not self.assumption.value(values):
                        continue
                    for goal, claim in self.goals.items():
                        if not claim.value(values):
                            found.setdefault(goal, depth)
                    after.add(tuple(t.value(values) for t in self.following.values()))
            frontier = after - seen
            seen |= after
        return found


BOOLS = ("b0", "b1", "b2", "i0", "i1", "first")
INTS = ("x0", "x1")


@st.composite
def booleans(draw: st.DrawFn, depth: int = 3) -> Text:
    """A Boolean term."""
    kind = draw(st.sampled_from(["name", "name", "not", "and", "or", "le", "eq"] if depth else ["name"]))
    if kind == "name":
        name = draw(st.sampled_from(BOOLS))
        return Text(name, lambda v: v[name])
    if kind == "not":
        a = draw(booleans(depth - 1))
        return Text(f"(not {a.text})", lambda v: not a.value(v))
    if kind in ("and", "or"):
        a, b = draw(booleans(depth - 1)), draw(booleans(depth - 1))
        if kind == "and":
            return Text(f"(and {a.text} {b.text})", lambda v: a.value(v) and b.value(v))
        return Text(f"(or {a.text} {b.text})", lambda v: a.value(v) or b.value(v))
    x, y = draw(integers(1)), draw(integers(1))
    if kind == "le":
        return Text(f"(<= {x.text} {y.text})", lambda v: x.value(v) <= y.value(v))
    return Text(f"(= {x.text} {y.text})", lambda v: x.value(v) == y.value(v))


@st.composite
def integers(draw: st.DrawFn, depth: int = 2) -> Text:
    """An integer term."""
    kind = draw(st.sampled_from(["name", "name", "value", "ite", "add"] if depth else ["name", "value"]))
    if kind == "name":
        name = draw(st.sampled_from(INTS))
        return Text(name, lambda v: v[name])
    if kind == "value":
        value = draw(st.integers(0, LARGEST))
        return Text(str(value), lambda _: value)
    if kind == "add":
        x, step = draw(integers(depth - 1)), draw(st.sampled_from([1, -1, 2]))
        constant = str(step) if step > 0 else f"(- {-step})"
        return Text(f"(+ {x.text} {constant})", lambda v: x.value(v) + step)
    c, x, y = draw(booleans(1)), draw(integers(depth - 1)), draw(integers(depth - 1))
    return Text(f"(ite {c.text} {x.text} {y.text})", lambda v: x.value(v) if c.value(v) else y.value(v))


def clamped(x: Text) -> Text:
    """A term that stays within the range of integer states."""
    text = f"(ite (<= {x.text} 0) 0 (ite (<= {LARGEST} {x.text}) {LARGEST} {x.text}))"
    return Text(text, lambda v: min(LARGEST, max(0, x.value(v))))


@st.composite
def systems(draw: st.DrawFn) -> Small:
    """A system with three Boolean and two integer states, one of them its first instant, and two goals."""
    initial: dict[str, Any] = {"first": True}
    following: dict[str, Text] = {"first": Text("false", lambda _: False)}
    for name in ("b0", "b1", "b2"):
        following[name] = draw(booleans())
        if draw(st.integers(0, 3)):
            initial[name] = draw(st.booleans())
    for name in INTS:
        following[name] = clamped(draw(integers()))
        initial[name] = draw(st.integers(0, LARGEST))
    if draw(st.booleans()):
        # A latch, as an environment that must have behaved so far.
        so_far = draw(booleans(1))
        following["b2"] = Text(
            f"(and {so_far.text} (or first b2))", lambda v: so_far.value(v) and (v["first"] or v["b2"])
        )
    latch = following["b2"]
    assumption = draw(booleans(1)) if draw(st.booleans()) else Text("true", lambda _: True)
    goals: dict[str, Text] = {}
    guarded = draw(st.booleans())
    for i in range(2):
        claim = draw(booleans())
        goals[f"goal!{i}"] = _implied(latch, claim) if guarded else claim
    sorts = {"b": "Bool", "f": "Bool", "i": "Bool", "x": "Int"}
    system = System(
        tuple(Input(n, "Bool") for n in ("i0", "i1")),
        tuple(
            State(n, sorts[n[0]], str(initial[n]).lower() if n in initial else None, t.text)
            for n, t in following.items()
        ),
        (
            Definition("assumption!0", "Bool", assumption.text),
            *(Definition(g, "Bool", t.text) for g, t in goals.items()),
        ),
        (),
        ("assumption!0",),
        tuple(goals),
    )
    return Small(system, initial, following, assumption, goals)


def _implied(condition: Text, claim: Text) -> Text:
    return Text(f"(=> {condition.text} {claim.text})", lambda v: not condition.value(v) or claim.value(v))
