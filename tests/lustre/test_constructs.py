"""Each construct of Lustre against what its definition says, tick by tick."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from syncml.pipeline import on_machine, step_code
from tests.lustre.reading import outputs, read, traces

T, F = True, False
X = [3, 1, 4, 1, 5]
C = [T, F, T, F, F]


def body(equation: str, result: str = "int", declarations: str = "", locals_: str = "") -> str:
    return f"{declarations}\nnode main(x: int; c: bool) returns (y: {result});\n{locals_}let\n  {equation}\ntel"


EXPRESSIONS: list[tuple[str, str, list[Any]]] = [
    ("0 -> pre x", "int", [0, 3, 1, 4, 1]),
    ("7 fby x", "int", [7, 3, 1, 4, 1]),
    ("x -> 2 * x -> 3 * x", "int", [3, 3, 12, 3, 15]),
    ("x fby 1 fby x", "int", [3, 1, 3, 1, 4]),
    ("if c then x else -x", "int", [3, -1, 4, -1, -5]),
    ("x - 1 - 1", "int", [1, -1, 2, -1, 3]),
    ("2 + 3 * x", "int", [11, 5, 14, 5, 17]),
    ("not c and x > 1 => x = 5", "bool", [T, T, T, T, T]),
    ("#(c, x = 3, x = 4)", "bool", [F, T, F, T, T]),
    ("nor(c, x = 3)", "bool", [F, T, F, T, T]),
    ("c xor x = 1", "bool", [T, T, T, T, F]),
    ("x <> 1", "bool", [T, F, T, F, T]),
    ("real x / 2.0", "real", [Fraction(3, 2), Fraction(1, 2), 2, Fraction(1, 2), Fraction(5, 2)]),
    ("[x, x + 1, 7][1]", "int", [4, 2, 5, 2, 6]),
    ("([x, 2] | [3, 4])[3]", "int", [4] * 5),
    ("(x^3)[2]", "int", X),
    ("([1, 2, 3, 4, x][0 .. 4 step 2])[2]", "int", X),
    ("with 1 < 2 then x else 0", "int", X),
    ("0x10 + x", "int", [19, 17, 20, 17, 21]),
]


@pytest.mark.parametrize(("expression", "type_", "expected"), EXPRESSIONS, ids=[e for e, _, _ in EXPRESSIONS])
def test_an_expression(tmp_path: Path, expression: str, type_: str, expected: list[Any]) -> None:
    assert outputs(tmp_path, body(f"y = {expression};", type_), x=X, c=C)["y"] == expected


PROGRAMS: dict[str, tuple[str, list[Any]]] = {
    "when and current": (
        body("s = x when c; y = current(s);", locals_="var s: int when c;\n"),
        [3, 3, 4, 4, 4],
    ),
    "merge": (
        body("y = merge c (true -> x when c) (false -> (-x) when not c);"),
        [3, -1, 4, -1, -5],
    ),
    "a sampled sum": (
        body("s = 0 when c -> pre s + (x when c); y = current(s);", locals_="var s: int when c;\n"),
        [0, 0, 4, 4, 4],
    ),
    "a call on a slower clock counts its own instants": (
        body(
            "s = count(x when c); y = current(s);",
            declarations="node count(x: int) returns (n: int); let n = 1 -> pre n + 1; tel",
            locals_="var s: int when c;\n",
        ),
        [1, 1, 2, 2, 2],
    ),
    "condact": (
        body(
            "y = condact<<count, 9>>(not c, x);",
            declarations="node count(x: int) returns (n: int); let n = 1 -> pre n + 1; tel",
        ),
        [9, 1, 1, 2, 3],
    ),
    "enumerations": (
        body(
            "m = if x = 1 then A else if x < 4 then B else D;\n"
            "y = merge m (A -> 10 when A(m)) (B -> x when B(m)) (D -> 0 when D(m));",
            declarations="type mode = enum {A, B, D};",
            locals_="var m: mode;\n",
        ),
        [3, 10, 0, 10, 0],
    ),
    "records": (
        body(
            "p = point{a = x; b = c}; q = point{p with a = p.a + 1}; y = if q.b then q.a else 0;",
            declarations="type point = struct {a: int; b: bool};",
            locals_="var p, q: point;\n",
        ),
        [4, 0, 5, 0, 0],
    ),
    "fields with values": (
        body("y = point{b = c}.a + x;", declarations="type point = {a: int = 40; b: bool};"),
        [43, 41, 44, 41, 45],
    ),
    "map and red": (
        body("y = red<<+, 3>>(0, map<<*, 3>>([1, 2, 3], x^3));"),
        [18, 6, 24, 6, 30],
    ),
    "each element of a map has its own state": (
        body(
            "y = red<<+, 2>>(0, map<<sum, 2>>([x, 10]));",
            declarations="node sum(x: int) returns (s: int); let s = x -> pre s + x; tel",
        ),
        [13, 24, 38, 49, 64],
    ),
    "fill": (
        body(
            "last, a = fill<<next, 4>>(x); y = last + a[3];",
            declarations="node next(i: int) returns (o, e: int); let o = i + 1; e = 2 * i; tel",
            locals_="var last: int; a: int^4;\n",
        ),
        [19, 13, 22, 13, 25],
    ),
    "boolred": (body("y = if boolred<<1, 2, 3>>([c, x = 1, x = 3]) then 1 else 0;"), [1, 1, 1, 1, 0]),
    "static recursion": (
        body(
            "y = power<<4>>(x);",
            declarations="node power<<const n: int>>(x: int) returns (y: int);\n"
            "let y = with n = 0 then 1 else x * power<<n - 1>>(x); tel",
        ),
        [81, 1, 256, 1, 625],
    ),
    "a node and a type as static arguments": (
        body(
            "y = twice<<type int, node inc>>(x);",
            declarations="node inc(x: int) returns (y: int); let y = x + 1; tel\n"
            "node twice<<type t; node f(a: t) returns (b: t)>>(x: t) returns (y: t); let y = f(f(x)); tel",
        ),
        [5, 3, 6, 3, 7],
    ),
    "another name of a node": (
        body("y = total(0, x^3);", declarations="node total = red<<+, 3>>;"),
        [9, 3, 12, 3, 15],
    ),
    "parts on the left": (
        body("a[0 .. 1] = [x, 2]; a[2] = 5; p.b = c; p.a = a[0] + a[2]; y = p.a;",
             declarations="type point = {a: int; b: bool};", locals_="var a: int^3; p: point;\n"),
        [8, 6, 9, 6, 10],
    ),
    "tuples": (
        body("(u, v) = if c then (x, 1) else (1, x); y = 10 * u + v;", locals_="var u, v: int;\n"),
        [31, 11, 41, 11, 15],
    ),
    "constants": (
        body("y = x + N * sizes[1];", declarations="const N: int = 2 * M; M: int = 3; sizes: int^2 = [4, 5];"),
        [33, 31, 34, 31, 35],
    ),
    "a dynamic index": (
        body("y = ([10, 20, 30, 40, 50, 60])[x];"),
        [40, 20, 50, 20, 60],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program(tmp_path: Path, name: str) -> None:
    text, expected = PROGRAMS[name]
    assert outputs(tmp_path, text, x=X, c=C)["y"] == expected


KIND2: dict[str, tuple[str, list[Any]]] = {
    "condact with a default": (
        body("y = condact(not c, count(x), 9);",
             declarations="node count(x: int) returns (n: int); let n = 1 -> pre n + 1; tel"),
        [9, 1, 1, 2, 3],
    ),
    "activate": (
        body("y = (activate count every not c initial default (x))(x);",
             declarations="node count(x: int) returns (n: int); let n = 1 -> pre n + 1; tel"),
        [3, 1, 1, 2, 3],
    ),
    "restart": (
        body("y = (restart count every c)(x);",
             declarations="node count(x: int) returns (n: int); let n = 1 -> pre n + 1; tel"),
        [1, 2, 1, 2, 3],
    ),
    "an activation that is restarted": (
        body("y = (activate count every not c initial default (0) restart every x = 5)(x);",
             declarations="node count(x: int) returns (n: int); let n = 1 -> pre n + 1; tel"),
        [0, 1, 1, 2, 1],
    ),
    "merge of an activation": (
        body("y = merge(c; x when c; (activate count every not c)(x));",
             declarations="node count(x: int) returns (n: int); let n = 1 -> pre n + 1; tel"),
        [3, 1, 4, 2, 3],
    ),
    "an array by its index": (
        body("a[i] = if i = 0 then x else a[i - 1] + 1; y = a[3]; check y = x + 3;", locals_="var a: int^4;\n"),
        [6, 4, 7, 4, 8],
    ),
    "if blocks": (
        body("if c then y = x; elsif x = 1 then y = 100; else y = 0; fi check true;"),
        [3, 100, 4, 100, 0],
    ),
    "frame blocks": (
        body("frame (y) y = 0; let if c then y = x; fi tel"),
        [3, 3, 4, 4, 4],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", KIND2)
def test_a_program_of_kind_2(tmp_path: Path, name: str) -> None:
    text, expected = KIND2[name]
    assert traces(read(tmp_path, text, dialect="kind2"), {"x": X, "c": C}, 5)["y"] == expected


@pytest.mark.parametrize(
    ("division", "expected"),
    [("truncating", [(3, 1), (-3, -1), (-3, 1), (3, -1)]), ("euclidean", [(3, 1), (-4, 1), (-3, 1), (4, 1)])],
)
@pytest.mark.parametrize("constant", [False, True])
def test_division_of_integers(tmp_path: Path, division: str, expected: list[tuple[int, int]], constant: bool) -> None:
    signs = [(7, 2), (-7, 2), (7, -2), (-7, -2)]
    for (x, y), (quotient, rest) in zip(signs, expected, strict=True):
        operands = (f"({x})", f"({y})") if constant else ("x", "y")
        text = "node main(x, y: int) returns (q, r: int);\nlet q = {} div {}; r = {} mod {}; tel"
        checked = read(tmp_path, text.format(*operands, *operands), division=division)
        assert traces(checked, {"x": [x], "y": [y]}, 1) == {"q": [quotient], "r": [rest]}


def test_when_binds_as_in_the_dialect(tmp_path: Path) -> None:
    """V6 samples the last operand, Kind 2 the whole expression."""
    text = body("s = x + x when c; y = merge c (true -> s) (false -> 0 when not c);", locals_="var s: int when c;\n")
    assert traces(read(tmp_path, text, dialect="kind2"), {"x": X, "c": C}, 5)["y"] == [6, 0, 8, 0, 0]
    with pytest.raises(Exception, match="C001"):
        read(tmp_path, text, dialect="v6")


def test_packages_and_models(tmp_path: Path) -> None:
    text = """
model hold needs type t; provides node keep(x: t; c: bool) returns (y: t);
body
  node keep(x: t; c: bool) returns (y: t);
  let y = if c then x else x -> pre y; tel
end
package ints = hold(t = int);
package bools = hold(t = bool);
package main uses ints, bools;
provides node main(x: int; c: bool) returns (y: int; z: bool);
body
  node main(x: int; c: bool) returns (y: int; z: bool);
  let y = ints::keep(x, c); z = bools::keep(x > 3, c); tel
end
"""
    assert outputs(tmp_path, text, x=X, c=C) == {"y": [3, 3, 4, 4, 4], "z": [F, F, T, T, T]}


def test_a_package_that_has_the_name_of_the_operators(tmp_path: Path) -> None:
    text = """
package Lustre provides function Twice(x: int) returns (y: int);
body function Twice(x: int) returns (y: int); let y = Lustre::iplus(x, x); tel
end
package main provides const n: int; type t; node main(x: int) returns (y: int);
body
  const n = 3;
  type t = int^n;
  node main(x: int) returns (y: int);
  var z: t;
  let z = map<<Lustre::Twice, n>>(x^n); y = z[2]; tel
end
"""
    assert outputs(tmp_path, text, x=X)["y"] == [2 * x for x in X]


def test_external_nodes(tmp_path: Path) -> None:
    """The outputs are zero in a run; C calls the function of the same name."""
    text = """
extern function half(x: int) returns (y: int; exact: bool);
unsafe extern node draw(x: int) returns (y: int^2);
node main(x: int; c: bool) returns (y: int; exact: bool);
var d: int^2; z: int;
let
  z, exact = half(x);
  d = draw(z);
  y = d[0] + d[1];
tel
"""
    checked = read(tmp_path, text)
    assert traces(checked, {"x": X, "c": C}, 5) == {"y": [0] * 5, "exact": [F] * 5}
    machines = {machine.name: machine.external for machine in step_code(on_machine(checked), flat=False).machines}
    assert machines == {"half": "half", "draw": "draw", "main": ""}


def test_included_files(tmp_path: Path) -> None:
    (tmp_path / "other.lus").write_text("node inc(x: int) returns (y: int); let y = x + 1; tel")
    text = 'include "other.lus"\nnode main(x: int) returns (y: int); let y = inc(x); tel'
    assert outputs(tmp_path, text, x=X)["y"] == [4, 2, 5, 2, 6]


def test_the_main_node(tmp_path: Path) -> None:
    text = "node a(x: int) returns (y: int); let y = x; tel node b(x: int) returns (y: int); let y = a(x) + {}1; {} tel"
    assert read(tmp_path, text.format("", "")).main.label == "b"
    assert read(tmp_path, text.format("", ""), "a").main.label == "a"
    other = text.format("", "") + " node c(x: int) returns (y: int); let y = 0; tel"
    assert read(tmp_path, other).main.label == "c"
    assert (
        read(tmp_path, text.format("", "--%MAIN;\n") + " node c(x: int) returns (y: int); let y = 0; tel").main.label
        == "b"
    )


def test_a_main_node_that_is_not_read_is_not_passed_over(tmp_path: Path) -> None:
    text = "node a(x: int) returns (y: int); let y = x; tel node b(x: int) returns (y: int); let y = x ** 2; tel"
    bad = text.replace("returns (y: int); let y = x **", "returns (y: t); let y = x **").replace("x ** 2", "x")
    with pytest.raises(Exception, match="R002"):
        read(tmp_path, f"type t; {bad}")
    assert read(tmp_path, f"type t; {bad}", "a").main.label == "a"


def test_a_constant_is_set(tmp_path: Path) -> None:
    text = "const n: int;\nnode main(x: int) returns (y: int); let y = red<<+, n>>(0, x^n); tel"
    assert traces(read(tmp_path, text, n="4"), {"x": X}, 5)["y"] == [12, 4, 16, 4, 20]
