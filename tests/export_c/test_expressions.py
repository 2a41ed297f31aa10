"""Random expressions: the C text parses back to the tree it was printed from, and step expressions keep their value."""

from __future__ import annotations

import subprocess
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, example, given, settings
from hypothesis import strategies as st

from syncml.export_c import CompilationError, compile_and_run
from syncml.export_c.ctree import Call, Cast, CExpr, Conditional, Infix, Member, Name, Number, Prefix, Subscript
from syncml.export_c.printer import print_expression, wrap
from syncml.export_c.runner import same_bits
from syncml.ir.constants import Array, Const, dtype
from syncml.ir.step.syntax import (
    COMPARISONS,
    Assign,
    Binary,
    BinaryOp,
    Bitcast,
    Convert,
    Expr,
    Literal,
    Place,
    Select,
    Slot,
    StepProgram,
    Stmt,
    Storage,
    Unary,
    UnaryOp,
)
from syncml.ir.types import (
    BIT_WIDTH,
    BOOL,
    F32,
    F64,
    FLOATS,
    MACHINE_INTEGERS,
    SIGNED,
    Scalar,
    TensorType,
    integer_range,
)
from tests.export_c.compilers import COMPILERS, STRICT
from tests.export_c.programs import at, inp, lit, machine, out, program
from tests.support.step_machine import random_inputs, random_values, run

# Each example compiles a file, so a failure is reported as it is found: shrinking would take minutes.
_QUICK = settings(phases=(Phase.explicit, Phase.reuse, Phase.generate), suppress_health_check=list(HealthCheck))

# --- the printer alone -------------------------------------------------------------------------------------------

_C_BINARY = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b,
    "/": lambda a, b: a // b if b else 0, "%": lambda a, b: a % b if b else a,
    "<<": lambda a, b: a << (b & 7), ">>": lambda a, b: a >> (b & 7), "&": lambda a, b: a & b,
    "|": lambda a, b: a | b, "^": lambda a, b: a ^ b, "<": lambda a, b: int(a < b), "<=": lambda a, b: int(a <= b),
    ">": lambda a, b: int(a > b), ">=": lambda a, b: int(a >= b), "==": lambda a, b: int(a == b),
    "!=": lambda a, b: int(a != b), "&&": lambda a, b: int(bool(a) and bool(b)),
    "||": lambda a, b: int(bool(a) or bool(b)),
}  # fmt: skip
_MASK = 0xFFFFFFFF


def _trees(rng: Random, depth: int = 5) -> tuple[CExpr, int]:
    """A C expression over ``uint32_t`` together with its value; divisors and shift counts are made safe."""
    kind = rng.randint(0, 6) if depth else 0
    if kind == 0:
        value = rng.choice([0, 1, 2, 7, 100, _MASK])
        return Call("id", (Number(f"{value}U"),)), value
    if kind == 1:
        inner, value = _trees(rng, depth - 1)
        op = rng.choice(["-", "~", "!"])
        if op == "!":
            return _number(Prefix("!", _condition(inner))), int(not value)
        return Prefix(op, inner), {"-": -value, "~": ~value}[op] & _MASK
    if kind == 2:
        inner, value = _trees(rng, depth - 1)
        return _number(inner), value
    if kind == 3:
        (c, cv), (a, av), (b, bv) = _trees(rng, depth - 1), _trees(rng, depth - 1), _trees(rng, depth - 1)
        return Conditional(_condition(c), a, b), av if cv else bv
    op = rng.choice(sorted(_C_BINARY))
    (left, a), (right, b) = _trees(rng, depth - 1), _trees(rng, depth - 1)
    if op in ("<<", ">>"):
        right, b = Infix("&", right, Number("7U")), b & 7
    if op in ("/", "%"):
        right, b = Infix("|", right, Number("1U")), b | 1
    value = _C_BINARY[op](a, b) & _MASK
    if op in ("&&", "||"):
        return _number(Infix(op, _condition(left), _condition(right))), value
    tree = Infix(op, left, right)
    return _number(tree) if op[0] in "<>=!" and op not in ("<<", ">>") else tree, value


def _number(tree: CExpr) -> CExpr:
    """The result of a comparison is an ``int`` in C; the arithmetic of these trees is that of ``uint32_t``."""
    return Cast("uint32_t", tree)


def _condition(tree: CExpr) -> CExpr:
    return tree.operand if isinstance(tree, Cast) else tree


def _compile_and_run(source: str, folder: Path, *flags: str) -> str:
    (folder / "test.c").write_text(source)
    subprocess.run(["gcc", "-std=c99", *flags, "test.c", "-o", "test"], cwd=folder, check=True)
    return subprocess.run([folder / "test"], capture_output=True, text=True, check=True).stdout


@settings(_QUICK, max_examples=5)
@given(st.integers(0, 1 << 32))
def test_printed_expressions_have_the_value_of_the_tree(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """gcc must also find nothing to say about parentheses."""
    rng = Random(seed)
    trees = [_trees(rng) for _ in range(60)]
    lines = [
        "#include <stdint.h>",
        "#include <stdio.h>",
        "static uint32_t id(uint32_t x) { return x; }",
        "int main(void) {",
    ]
    for tree, _ in trees:
        lines += ["    {", *wrap(f"const uint32_t value = {print_expression(tree)};", "        ")]
        lines += ['        printf("%lu\\n", (unsigned long)value);', "    }"]
    lines += ["    return 0;", "}"]
    printed = _compile_and_run("\n".join(lines), tmp_path_factory.mktemp("trees"), "-Wparentheses", "-Werror")
    assert [int(line) for line in printed.split()] == [value for _, value in trees]


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (Infix("+", Infix("+", Name("a"), Name("b")), Name("c")), "a + b + c"),
        (Infix("+", Name("a"), Infix("+", Name("b"), Name("c"))), "a + (b + c)"),
        (Infix("-", Infix("-", Name("a"), Name("b")), Name("c")), "(a - b) - c"),
        (Infix("+", Infix("*", Name("a"), Name("b")), Name("c")), "(a * b) + c"),
        (Prefix("-", Prefix("-", Name("a"))), "-(-a)"),
        (Infix("-", Name("a"), Prefix("-", Number("1.0F"))), "a - (-1.0F)"),
        (Infix("==", Prefix("!", Name("a")), Name("b")), "(!a) == b"),
        (Prefix("!", Infix("&&", Name("a"), Name("b"))), "!(a && b)"),
        (Conditional(Name("a"), Name("b"), Conditional(Name("c"), Name("d"), Name("e"))), "a ? b : (c ? d : e)"),
        (Cast("float", Infix("+", Name("a"), Name("b"))), "(float)(a + b)"),
        (Subscript(Member(Name("self"), "h", arrow=True), Infix("+", Name("i"), Number("1U"))), "self->h[i + 1U]"),
        (Prefix("&", Member(Member(Name("self"), "net", arrow=True), "h")), "&self->net.h"),
        (Infix("*", Prefix("*", Name("y")), Number("2.0F")), "(*y) * 2.0F"),
        (Member(Prefix("*", Name("p")), "x"), "(*p).x"),
    ],
)
def test_parentheses(tree: CExpr, text: str) -> None:
    assert print_expression(tree) == text


# --- step expressions --------------------------------------------------------------------------------------------

_SCALARS = (BOOL, *sorted(MACHINE_INTEGERS, key=lambda s: s.value), F32, F64)
_VARIABLES = {kind: (inp(f"a_{kind}", kind), inp(f"b_{kind}", kind)) for kind in _SCALARS}
_BITS = {F32: (Scalar.I32, Scalar.U32), F64: (Scalar.I64, Scalar.U64)}


def _guarded(op: BinaryOp, left: Expr, right: Expr, kind: Scalar) -> Expr:
    """``left op right`` where step code defines it, else ``left``."""
    least = Literal(Const(integer_range(kind)[0], kind))
    zero, width = lit(0, kind), lit(BIT_WIDTH[kind] - 1, kind)
    if op in (BinaryOp.SHL, BinaryOp.SHR):
        legal: Expr = Binary(BinaryOp.AND, Binary(BinaryOp.GE, right, zero), Binary(BinaryOp.LE, right, width))
    else:
        legal = Binary(BinaryOp.NE, right, zero)
        if kind in SIGNED:
            both = Binary(BinaryOp.AND, Binary(BinaryOp.EQ, right, lit(-1, kind)), Binary(BinaryOp.EQ, left, least))
            legal = Binary(BinaryOp.AND, legal, Unary(UnaryOp.NOT, both))
    return Select(legal, Binary(op, left, right), left)


def _expressions(rng: Random, kind: Scalar, depth: int) -> Expr:
    """A step expression of type ``kind``."""
    choice = rng.randint(0, 7) if depth else rng.randint(0, 1)
    if choice == 0:
        values = random_values(kind, (), np.random.default_rng(rng.randint(0, 1000)))
        return Literal(Const(values.item(), kind))
    if choice == 1:
        return Place(rng.choice(_VARIABLES[kind]))
    if choice == 2:
        condition = _expressions(rng, BOOL, depth - 1)
        return Select(condition, _expressions(rng, kind, depth - 1), (_expressions(rng, kind, depth - 1)))
    if choice == 3:
        return Unary(rng.choice(_unary(kind)), _expressions(rng, kind, depth - 1))
    if choice == 4 and kind is not BOOL:
        return _conversions(rng, kind, depth - 1)
    if choice == 5 and kind is BOOL:
        other = rng.choice(_SCALARS)
        ops = sorted(COMPARISONS if other is not BOOL else {BinaryOp.EQ, BinaryOp.NE}, key=lambda o: o.value)
        left, right = _expressions(rng, other, depth - 1), _expressions(rng, other, depth - 1)
        return Binary(rng.choice(ops), left, right)
    left, right = _expressions(rng, kind, depth - 1), _expressions(rng, kind, depth - 1)
    op = rng.choice(_binary(kind))
    partial = op in (BinaryOp.QUOT, BinaryOp.REM, BinaryOp.SHL, BinaryOp.SHR)
    return _guarded(op, left, right, kind) if partial else Binary(op, left, right)


def _unary(kind: Scalar) -> list[UnaryOp]:
    if kind is BOOL:
        return [UnaryOp.NOT]
    return [UnaryOp.NEG, UnaryOp.ABS, UnaryOp.SQRT if kind in FLOATS else UnaryOp.NOT]


def _binary(kind: Scalar) -> list[BinaryOp]:
    logical = [BinaryOp.AND, BinaryOp.OR, BinaryOp.XOR]
    if kind is BOOL:
        return logical
    arithmetic = [BinaryOp.ADD, BinaryOp.SUB, BinaryOp.MUL]
    if kind in FLOATS:
        return [*arithmetic, BinaryOp.DIV]
    return [*arithmetic, *logical, BinaryOp.QUOT, BinaryOp.REM, BinaryOp.SHL, BinaryOp.SHR]


def _conversions(rng: Random, kind: Scalar, depth: int) -> Expr:
    if kind in FLOATS:
        source = rng.choice(_SCALARS)
        inner = _expressions(rng, source, depth)
        return Bitcast(inner, kind) if source in _BITS[kind] else Convert(inner, kind)
    sources = [s for s in _SCALARS if s not in FLOATS or kind in _BITS[s]]
    source = rng.choice(sources)
    inner = _expressions(rng, source, depth)
    if source in FLOATS:
        # A NaN's bits differ between processors; step code never looks at them.
        same = Binary(BinaryOp.EQ, inner, inner)
        return Select(same, Bitcast(inner, kind), lit(0, kind))
    return Convert(inner, kind)


def _programs(rng: Random) -> StepProgram:
    inputs = tuple(slot for pair in _VARIABLES.values() for slot in pair)
    outputs: list[Slot] = []
    body: list[Stmt] = []
    for number in range(40):
        kind = rng.choice(_SCALARS)
        target = out(f"y{number}", kind)
        outputs.append(target)
        body.append(Assign(at(target), (_expressions(rng, kind, 4))))
    return program(machine("random", inputs, tuple(outputs), tuple(body)))


@pytest.mark.parametrize("compiler", COMPILERS)
@settings(_QUICK, max_examples=6)
@given(seed=st.integers(0, 1 << 20), level=st.sampled_from(["-O0", "-O2", "-O3"]))
@example(seed=140214, level="-O0")  # a guarded division by x - x
def test_random_expressions_have_the_value_of_step_code(compiler: str, seed: int, level: str) -> None:
    code = _programs(Random(seed))
    inputs = random_inputs(code, 64, seed)
    expected, _ = run(code, inputs, 64)
    try:
        computed = compile_and_run(code, inputs, 64, compiler, (level, *STRICT)).outputs
    except CompilationError as fault:
        # A false alarm of gcc 12 that has no option, about tests that share no operand.
        assume("unmatched not-equal tests" not in str(fault))
        raise
    for name, values in expected.items():
        assert values.dtype == computed[name].dtype
        assert same_bits(values, computed[name]), name


@pytest.mark.parametrize("kind", _SCALARS[1:])
def test_literals_at_the_limits_are_exact(kind: Scalar) -> None:
    if kind in FLOATS:
        info = np.finfo(dtype(kind))
        values: list[Any] = [info.max, -info.max, info.tiny, info.smallest_subnormal, 0.1, -0.0, 1e22, 123456.7, np.inf]
    else:
        low, high = integer_range(kind)
        values = [low, high, low + 1, high - 1, 0, 1]
    wide = TensorType(kind, (len(values),))
    target, copied = out("y", wide), out("z", wide)
    table = Slot("table", wide, Storage.CONSTANT, Array.of(np.array(values, dtype(kind)), kind))
    body = tuple(
        Assign(at(slot, k), value)
        for k, number in enumerate(values)
        for slot, value in ((target, Literal(Const(number, kind))), (copied, at(table, k)))
    )
    code = program(machine("limits", (), (target, copied), body, constants=(table,)))
    results = compile_and_run(code, {}, 1, flags=("-O1", *STRICT)).outputs
    expected = np.array([values], dtype(kind))
    assert same_bits(results["y"], expected)
    assert same_bits(results["z"], expected)
