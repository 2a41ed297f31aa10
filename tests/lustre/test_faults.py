"""What is wrong with a Lustre program is said by code and place; nothing that a file may hold is a crash."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from syncml.diagnostics import DiagnosticError
from syncml.lustre.load import load_lustre
from syncml.pipeline import check
from syncml.verify.undefined import undefined_outputs
from tests.lustre.reading import read, traces

HEAD = "node main(x: int; c: bool) returns (y: int);"
FAULTS: dict[str, tuple[str, str, int, int]] = {
    "a syntax error": (f"{HEAD}\nlet\n  y = x + ;\ntel", "R001", 3, 11),
    "a comment without an end": (f"{HEAD}\n(* never", "R001", 2, 1),
    "a character": (f"{HEAD}\nlet y = x $ 1; tel", "R001", 2, 11),
    "a construct that is not read": (f"{HEAD}\nlet y = x ** 2; tel", "R002", 2, 9),
    "an abstract type": (f"type t;\n{HEAD} var z: t; let y = x; z = z; tel", "R002", 1, 6),
    "a function with memory": (
        f"{HEAD}\nlet y = f(x); tel function f(x: int) returns (y: int);\nlet y = 0 -> pre x; tel",
        "R007", 3, 9,
    ),
    "a function that calls a node with memory": (
        f"node g(x: int) returns (y: int); let y = 0 -> pre x; tel\nfunction f(x: int) returns (y: int);\n"
        f"let y = g(x) + 1; tel\n{HEAD}\nlet y = f(x); tel", "R007", 3, 9,
    ),
    "a node without a body": (f"node f(x: int) returns (y: int);\n{HEAD} let y = f(x); tel", "R001", 1, 6),
    "a node for a parameter that yields another type": (
        "node g<<node f(x: int) returns (y: real)>>(x: int) returns (y: int); let y = f(x); tel\n"
        f"node f(x: int) returns (y: int); let y = x; tel\n{HEAD}\nlet y = g<<f>>(x); tel", "T001", 4, 12,
    ),
    "an operator for a parameter that yields another type": (
        "node g<<node f(x, z: int) returns (y: int)>>(x: int) returns (y: int); let y = f(x, x); tel\n"
        f"{HEAD}\nlet y = g<< < >>(x); tel", "T001", 3, 13,
    ),
    "a node for a parameter that takes more": (
        "node g<<node f(x: int) returns (y: int)>>(x: int) returns (y: int); let y = f(x); tel\n"
        f"node f(x, z: int) returns (y: int); let y = x; tel\n{HEAD}\nlet y = g<<f>>(x); tel", "T007", 4, 12,
    ),
    "a constant of another type for a parameter": (
        f"node g<<const n: int>>(x: int) returns (y: int); let y = x; tel\n{HEAD}\nlet y = g<<1.5>>(x); tel",
        "T001", 3, 12,
    ),
    "a provided node of another type": (
        f"package p provides node f(x: int) returns (y: real);\nbody node f(x: int) returns (y: int);\n"
        f"let y = x; tel end\npackage q body {HEAD}\nlet y = x; tel end", "T001", 2, 11,
    ),
    "a provided node that is missing": (
        f"package p provides\nnode f(x: int) returns (y: int); body const n = 1; end package q body {HEAD}\n"
        "let y = x; tel end", "R003", 2, 6,
    ),
    "a provided type that is missing": (
        f"package p provides\ntype t; body const n = 1; end package q body {HEAD}\nlet y = x; tel end", "R003", 2, 6,
    ),
    "a provided constant of another type": (
        f"package p provides\nconst n: bool; body const n = 1; end package q body {HEAD}\nlet y = x; tel end",
        "T001", 2, 7,
    ),
    "an unknown stream": (f"{HEAD}\nlet y = z; tel", "R003", 2, 9),
    "an unknown node": (f"{HEAD}\nlet y = f(x); tel", "R003", 2, 9),
    "an unknown type": (f"{HEAD}\nvar z: t; let y = x; z = 1; tel", "R003", 2, 8),
    "a name twice": (f"{HEAD}\nvar x: int; let y = x; tel", "R003", 2, 5),
    "two definitions": (f"{HEAD}\nlet y = x;\n  y = x; tel", "R004", 3, 3),
    "no definition": (f"{HEAD}\nlet tel", "R004", 1, 37),
    "an input that is defined": (f"{HEAD}\nlet y = x; x = 1; tel", "R004", 2, 12),
    "a size that is not constant": (f"{HEAD}\nvar a: int^x; let y = a[0]; a = x^x; tel", "R005", 2, 12),
    "a static recursion without an end": (
        f"node f<<const n: int>>(x: int) returns (y: int); let y = f<<n + 1>>(x); tel\n{HEAD}\nlet y = f<<0>>(x); tel",
        "R005", 1, 58,
    ),
    "a node that calls itself": (f"{HEAD}\nlet y = main(x, c); tel", "L010", 2, 9),
    "operands of two types": (f"{HEAD}\nlet y = x + 1.0; tel", "T001", 2, 9),
    "an operator of another type": (f"{HEAD}\nlet y = if x then 1 else 2; tel", "T006", 2, 9),
    "arguments": (f"{HEAD}\nlet y = f(x, x); tel node f(x: int) returns (y: int); let y = x; tel", "T007", 2, 9),
    "a field": ("type t = {a: int};\n" + HEAD + "\nlet y = (t{a = x}).b; tel", "T004", 3, 9),
    "an index": (f"{HEAD}\nlet y = ([x, 1])[2]; tel", "T005", 2, 18),
    "two clocks": (f"{HEAD}\nlet y = x + (x when c); tel", "C001", 2, 9),
    "a merge without a case": (f"{HEAD}\nlet y = merge c (true -> x when c); tel", "C003", 2, 9),
    "a cycle": (f"{HEAD}\nvar z: int; let y = z + 1;\n z = y - 1; tel", "K001", 3, 0),
    "an undefined value in a contract": (f"{HEAD}\nlet y = x; assert pre x > 0; tel", "I001", 2, 19),
    "no node": ("const n: int = 1;", "L009", 1, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_has_its_code_and_place(tmp_path: Path, name: str) -> None:
    text, code, line, column = FAULTS[name]
    path = tmp_path / "program.lus"
    path.write_text(text, "utf-8")
    with pytest.raises(DiagnosticError) as raised:
        check(load_lustre(str(path)))
    found = raised.value.diagnostics[0]
    assert found.code == code
    assert found.span is not None
    assert (found.span.line, found.span.column if column else 0) == (line, column)


def test_every_fault_of_a_body_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DiagnosticError) as raised:
        read(tmp_path, f"{HEAD}\nvar a, b: int;\nlet\n  a = z;\n  b = 1.0;\n  y = x;\ntel")
    assert [(d.code, d.span.line) for d in raised.value.diagnostics if d.span] == [("R003", 4), ("T001", 5)]


def test_an_undefined_first_output_is_zero(tmp_path: Path) -> None:
    """Lustre lets an output be undefined at first; what no contract and no clock reads is harmless."""
    checked = read(tmp_path, "node main(x: int) returns (y, z: int); let y = pre x; z = pre (0 -> pre x); tel")
    assert traces(checked, {"x": [3, 4, 5]}, 3) == {"y": [0, 3, 4], "z": [0, 0, 3]}


@pytest.mark.parametrize(
    "equation",
    ["assert (0 -> pre (pre x)) >= 0;", "z = (0 -> pre z) + pre x; assert z < 5;", "assert current(x when c) > 0;"],
)
def test_a_later_undefined_value_reaches_no_contract(tmp_path: Path, equation: str) -> None:
    rest = "" if "z =" in equation else "z = 0;"
    with pytest.raises(DiagnosticError, match="I001"):
        read(tmp_path, f"{HEAD} var z: int; let {equation} {rest} y = x; tel")


GATED = """
node main(x: int; c, d: bool) returns (y: int; on: bool);
let
  {}
  on = c and current(x when c) <= 10;
  y = if on then current(0 when on -> pre (x when on)) else 0;
tel
"""


@pytest.mark.parametrize(
    "assertion",
    ["c -> true", "c", "c and d", "(c = true) -> d", "not (d or not c) -> true", "true -> d; assert (d and c) -> d"],
)
def test_what_is_assumed_of_the_first_instant_defines_held_values(tmp_path: Path, assertion: str) -> None:
    checked = read(tmp_path, GATED.format(f"assert {assertion};"))
    inputs = {"x": [3, 20, 5, 7], "c": [True, True, False, True], "d": [True] * 4}
    assert traces(checked, inputs, 4) == {"y": [0, 0, 0, 3], "on": [True, False, False, True]}


@pytest.mark.parametrize("assertion", ["true", "d -> true", "true -> c", "c or d", "not c -> true", "pre c -> true"])
def test_other_assumptions_do_not(tmp_path: Path, assertion: str) -> None:
    with pytest.raises(DiagnosticError, match="I001"):
        read(tmp_path, GATED.format(f"assert {assertion};"))


UNDEFINED: dict[str, list[str]] = {
    "y = pre x; z = [x, x];": ["`y` is undefined at its first instant"],
    "y = 0 -> pre x; z = [x, 0 -> pre x];": [],
    "y = 0 -> pre (pre x); z = pre [x, x];": [
        "`y` is undefined at some instants", "`z[0]` is undefined at its first instant"
    ],
    "y = current(x when c); z = x^2;": ["`y` is undefined at its first instant"],
    "y = current(x when c); z = x^2; assert c -> true;": [],
}  # fmt: skip


@pytest.mark.parametrize("equations", UNDEFINED)
def test_outputs_that_are_undefined_are_told(tmp_path: Path, equations: str) -> None:
    checked = read(tmp_path, f"node main(x: int; c: bool) returns (y: int; z: int^2); let {equations} tel")
    found = undefined_outputs(checked.program)
    assert {d.code for d in found} <= {"I002"}
    assert [d.message.removeprefix("the output ").partition(", ")[0] for d in found] == UNDEFINED[equations]


@pytest.mark.parametrize("operator", ["and", "or", "->", "=>"])
def test_a_long_expression(tmp_path: Path, operator: str) -> None:
    chain = f" {operator} ".join(["c"] * 10_000)
    path = tmp_path / "long.lus"
    path.write_text(f"node main(c: bool) returns (y: bool); let y = {chain}; tel")
    assert load_lustre(str(path)).nodes


def test_a_deep_expression(tmp_path: Path) -> None:
    path = tmp_path / "deep.lus"
    inner = "(" * 5_000 + "c" + ")" * 5_000
    conditions = "if c then d else " * 5_000 + "d"
    path.write_text(f"node main(c, d: bool) returns (y, z, u: bool); let y = {inner}; z = {conditions};"
                    f" u = {'not ' * 5_000} c; tel")  # fmt: skip
    assert load_lustre(str(path)).nodes


SAMPLE = """
const n: int = 3;
type mode = enum {A, B}; point = struct {a: int; b: bool^n};
node count<<const k: int>>(x: int; c: bool) returns (y: int when c);
(*@contract assume x >= 0; mode m (require c; ensure true;); *)
var p: point; s: int^n; m: mode;
let
  s = map<<+, n>>(x^n, [1, 2, k]); -- a comment
  p = point{a = red<<+, n>>(0, s); b = c^n};
  m = if p.b[0] then A else B;
  y = (0 -> pre p.a) when c;
  assert merge m (A -> c when A(m)) (B -> true when B(m));
  --%PROPERTY "fine" p.a >= 0 or not c;
tel
node main(x: int; c: bool) returns (y: int when c);
let y = count<<4>>(x, c); tel
"""


def _survives(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
    try:
        check(load_lustre(str(path)))
    except DiagnosticError as fault:
        assert all(d.message for d in fault.diagnostics)


def test_the_sample_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, SAMPLE).main.label == "main"


def test_every_prefix_of_a_file(tmp_path: Path) -> None:
    for end in range(len(SAMPLE)):
        _survives(tmp_path / "prefix.lus", SAMPLE[:end])


def test_mutated_files(tmp_path: Path) -> None:
    chance = random.Random(1)
    words = SAMPLE.split()
    for _ in range(400):
        mutated = SAMPLE
        for _ in range(chance.randint(1, 3)):
            start = chance.randrange(len(mutated))
            end = min(len(mutated), start + chance.randint(0, 8))
            mutated = (
                mutated[:start]
                + chance.choice(["", " ", chance.choice(words), "(", "]", "^", "0", "<<"])
                + mutated[end:]
            )
        _survives(tmp_path / "mutated.lus", mutated)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "binary.lus"
    path.write_bytes(bytes(range(256)))
    with pytest.raises(DiagnosticError, match="R001"):
        load_lustre(str(path))
