"""Random networks on windows: convolutions, pooling, padding, views, residual sums, and what cannot be folded.

Nothing is chosen with folding in mind: any operator on any axis of anything that there is, with a bias to what runs
along the longest axis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

from syncml.ir.clocks import word
from syncml.ir.constants import Array, Const
from syncml.ir.equations.syntax import Apply, Atom, Fby, Node, Program, Var
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, F32, FLOATS, I32, Element, Scalar, TensorType, element, shape, size, tensor
from syncml.ir.typing_rules import OperatorTypeError
from tests.support.ir import NodeBuilder, const
from tests.support.programs import Draw

LARGEST = 300
"""The most elements of a tensor."""
ELEMENTS = (F32, F32, I32, Scalar.I8, Scalar.F64)


@dataclass
class Drawn:
    """A network under construction."""

    draw: Draw
    builder: NodeBuilder
    pool: list[Var] = field(default_factory=list)

    def pick(self, options: Any) -> Any:
        return self.draw(st.sampled_from(list(options)))

    def weights(self, element_: Element, extents: tuple[int, ...], level: int | None = None) -> Const:
        """A constant; one that is equal along the axis ``level``."""
        generator = np.random.default_rng(self.draw(st.integers(0, 2**16)))
        drawn = generator.normal(size=extents) * 2 if element_ in FLOATS else generator.integers(-3, 4, extents)
        if level is not None:
            drawn = np.repeat(drawn.take([0], level), extents[level], level)
        return Const(Array.of(drawn, element_), element_)

    def axis(self, x: Var) -> int:
        extents = shape(x.type)
        return extents.index(max(extents)) if self.draw(st.integers(0, 3)) else self.pick(range(len(extents)))

    def add(self, op: Op, *arguments: Atom, attribute: Any = None) -> Var:
        var = self.builder.op(op, *arguments, attribute=attribute)
        if not 1 <= size(var.type) <= LARGEST:
            raise OperatorTypeError("shape", "too large")
        self.pool.append(var)
        return var


def applied(op: Op, *arguments: Atom, attribute: Any = None) -> Apply:
    return Apply(op, arguments, attribute)


def window(b: NodeBuilder, newest: Var, axis: int, count: int, init: Const, resets: tuple[Var, ...], form: int) -> Var:
    """The last ``count`` positions along ``axis`` of what ``newest`` was, in one of three ways to write it."""
    fresh = shape(newest.type)[axis]
    whole = tensor(element(newest.type), (*shape(newest.type)[:axis], count, *shape(newest.type)[axis + 1 :]))
    before = init.machine()
    if form == 0:
        w = b.fresh(whole)
        filled = np.concatenate((before.take(range(fresh), axis) * 0, before), axis)
        r = b.define(b.fresh(whole), Fby(const(filled, element(whole)), w, resets))
        kept = b.op(Op.SLICE, r, attribute=(axis, fresh, count - fresh, 1))
        return b.define(w, applied(Op.CONCAT, kept, newest, attribute=(axis,)))
    following = b.fresh(init.type)
    r = b.define(b.fresh(init.type), Fby(init, following, resets))
    w = b.op(Op.CONCAT, r, newest, attribute=(axis,))
    if form == 2:
        b.define(following, applied(Op.SLICE, w, attribute=(axis, fresh, count - fresh, 1)))
    elif count == 2 * fresh:
        b.define(following, applied(Op.COPY, newest))
    else:
        kept = b.op(Op.SLICE, r, attribute=(axis, fresh, count - 2 * fresh, 1))
        b.define(following, applied(Op.CONCAT, kept, newest, attribute=(axis,)))
    return w


@st.composite
def networks(draw: Draw) -> Program:
    """A program with one window, or two of the same pace, and operators on it."""
    b = NodeBuilder("net")
    drawn = Drawn(draw, b)
    kind = drawn.pick(ELEMENTS)
    fresh = drawn.pick((1, 1, 1, 2, 3))
    count = fresh + draw(st.integers(max(fresh + 1, 3), 13))
    axis = drawn.pick((0, 0, 1))
    others = drawn.pick(((), (1,), (2,), (3,)) if axis == 0 else ((1,), (2,), (3,)))
    extents = (fresh, *others) if axis == 0 else (*others, fresh)
    again = b.input("again", BOOL)
    gain = b.input("gain", kind)
    resets = (again,) if drawn.pick((False, False, True)) else ()
    slow = drawn.pick((None, None, None, word((), (1, 0)), word((1,), (0, 0, 1))))
    condition = None if slow is None else b.wave(slow)
    for number in range(drawn.pick((1, 1, 2))):
        x: Var = b.input(f"x{number}", TensorType(kind, extents))
        if condition is not None:
            x = b.when(x, condition)
        init = drawn.weights(kind, (*extents[:axis], count - fresh, *extents[axis + 1 :]))
        drawn.pool.append(window(b, x, axis, count, init, resets, draw(st.integers(0, 2))))
    free = gain if condition is None else b.when(gain, condition)
    for _ in range(draw(st.integers(2, 9))):
        x = drawn.pick(drawn.pool[-4:])
        try:
            step(drawn, x, free)
        except OperatorTypeError:
            continue
    outputs = list(dict.fromkeys([drawn.pool[-1], drawn.pick(drawn.pool)]))
    node: Node = b.node([b.op(Op.COPY, o, name=f"y{i}") for i, o in enumerate(outputs)])
    return Program((node,), "net")


def step(drawn: Drawn, x: Var, gain: Var) -> None:
    """One layer, or a part of one."""
    kind, extents = element(x.type), shape(x.type)
    numeric = kind is not BOOL
    choices = ["slice", "pad", "view", "stack", "index", "padded constant"]
    if numeric:
        choices += (
            ["convolve"] * 6 + ["affine"] * 3 + ["activate"] * 2 + ["pool", "add", "reduce", "cast", "gain", "matmul"]
        )
    if not extents:
        choices = ["activate", "cast"] if numeric else []
    if not choices:
        return
    match drawn.pick(choices):
        case "convolve":
            _convolve(drawn, x)
        case "affine":
            axis = drawn.axis(x)
            values = drawn.weights(kind, extents, axis if drawn.pick((True, True, False)) else None)
            drawn.add(drawn.pick((Op.ADD, Op.MUL, Op.SUB)), x, values)
        case "activate":
            ops = (Op.TANH, Op.NEG, Op.ABS) if kind in FLOATS else (Op.NEG, Op.ABS)
            op = drawn.pick((*ops, Op.MAX, Op.MUL))
            drawn.add(op, x, *((const(0, kind),) if op is Op.MAX else (x,) if op is Op.MUL else ()))
        case "pool":
            axis = drawn.axis(x)
            sliding = drawn.add(Op.UNFOLD, x, attribute=(axis, 2, drawn.pick((1, 2)), 1))
            drawn.add(drawn.pick((Op.GREATEST, Op.SUM, Op.LEAST)), sliding, attribute=(axis + 1,))
        case "add":
            other = drawn.pick(drawn.pool)
            if element(other.type) == kind and len(shape(other.type)) == len(extents):
                axis = drawn.axis(x)
                common = min(extents[axis], shape(other.type)[axis])
                parts = [
                    drawn.builder.op(
                        Op.SLICE, v, attribute=(axis, drawn.pick((0, shape(v.type)[axis] - common)), common, 1)
                    )
                    for v in (x, other)
                ]
                if drawn.pick((True, False)):
                    drawn.add(Op.ADD, *parts)
                else:
                    drawn.add(Op.CONCAT, *parts, attribute=(drawn.pick(range(len(extents))),))
        case "reduce":
            drawn.add(drawn.pick((Op.SUM, Op.GREATEST)), x, attribute=(drawn.pick(range(len(extents))),))
        case "cast":
            drawn.add(Op.CAST, x, attribute=drawn.pick((F32, Scalar.I8, I32, Scalar.I64)))
        case "gain":
            if element(gain.type) == kind:
                drawn.add(Op.MUL, x, gain)
        case "matmul":
            if len(extents) == 2:
                left = drawn.pick((True, False))
                values = drawn.weights(kind, (2, extents[0]) if left else (extents[1], 2))
                drawn.add(Op.MATMUL, *((values, x) if left else (x, values)))
        case "slice":
            axis = drawn.axis(x)
            step = drawn.pick((1, 1, 2, -1))
            start = drawn.draw(st.integers(0, extents[axis] - 1))
            most = (extents[axis] - start + step - 1) // step if step > 0 else start + 1
            taken = drawn.draw(st.integers(1, most))
            drawn.add(Op.SLICE, x, attribute=(axis, start, taken, step))
        case "pad" | "padded constant":
            axis = drawn.axis(x)
            edge = (*extents[:axis], drawn.pick((1, 2)), *extents[axis + 1 :])
            padding = const(np.zeros(edge), kind) if kind is BOOL else drawn.weights(kind, edge)
            sides = drawn.pick(((padding, x), (x, padding), (padding, x, padding)))
            drawn.add(Op.CONCAT, *sides, attribute=(axis,))
        case "view":
            if drawn.pick((True, False)):
                drawn.add(Op.TRANSPOSE, x, attribute=tuple(reversed(range(len(extents)))))
            else:
                split = next((i for i, n in enumerate(extents) if n % 2 == 0 and n > 2), None)
                wanted = (
                    (1, *extents)
                    if split is None
                    else (*extents[:split], 2, extents[split] // 2, *extents[split + 1 :])
                )
                drawn.add(Op.RESHAPE, x, attribute=drawn.pick((wanted, (math.prod(extents),))))
        case "stack":
            drawn.add(Op.STACK, x, drawn.pick((x, drawn.weights(kind, extents) if numeric else x)))
        case "index":
            drawn.add(Op.INDEX, x, attribute=(drawn.draw(st.integers(0, extents[0] - 1)),))
        case _:
            raise AssertionError


def _convolve(drawn: Drawn, x: Var) -> None:
    """A contraction of windows along an axis with the other axes, or depthwise."""
    kind = element(x.type)
    axis = drawn.axis(x)
    reach = drawn.pick((2, 3))
    sliding = drawn.builder.op(Op.UNFOLD, x, attribute=(axis, reach, drawn.pick((1, 1, 2, 3)), drawn.pick((1, 1, 2))))
    letters = "abcdef"[: len(shape(sliding.type))]
    time, tap = letters[axis], letters[axis + 1]
    other = [c for c in letters if c not in (time, tap)]
    by_letter = dict(zip(letters, shape(sliding.type), strict=True))
    if drawn.pick((True, False)):
        read = tap + "".join(other)
        result = time + "o"
        kernel = drawn.weights(kind, (2, *(by_letter[c] for c in read)))
        drawn.add(Op.EINSUM, sliding, kernel, attribute=f"{letters},o{read}->{result}")
    else:
        kernel = drawn.weights(kind, (by_letter[tap], *(by_letter[c] for c in other)))
        result = letters.replace(tap, "")
        drawn.add(Op.EINSUM, kernel, sliding, attribute=f"{tap}{''.join(other)},{letters}->{result}")
