"""What only Kind 2's dialect has: free values, subtypes, tuples, parameters that are types, clocks of activations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from syncml.diagnostics import DiagnosticError
from syncml.ir.equations.syntax import PropertyKind
from tests.lustre.reading import read, traces, verdicts

T, F = True, False
X = [3, 1, 4, 1, 5]
C = [T, F, T, F, F]
HEAD = "node main(x: int; c: bool) returns (y: int);"

PROGRAMS: dict[str, tuple[str, list[Any]]] = {
    "a tuple": (f"{HEAD} var p: [int, [bool, int]]; let p = '(x, '(c, 7)); y = if p[1][0] then p[0] else p[1][1]; tel",
                [3, 7, 4, 7, 7]),
    "a type with parameters": (
        f"type pair<T; U> = struct {{ first: T; second: U }};\ntype both = pair<int; bool>;\n{HEAD}\nvar p: both; let"
        " p = both { first = x; second = c }; y = if p.second then p.first else 0; tel", [3, 0, 4, 0, 0]),
    "a node with a type for a parameter": (
        f"node hold<T>(x: T; c: bool) returns (y: T); let y = if c then x else x -> pre y; tel\n{HEAD}\nvar b: bool;"
        " let b = hold@<bool>(c, x > 2); y = if b then hold@<int>(x, c) else 0; tel", [3, 3, 4, 4, 0]),
    "an update of a record": (
        f"type r = struct {{ a: int; b: int }};\n{HEAD}\nvar p, q: r; let p = r {{ a = x; b = 2 }};"
        " q = p[a := 10; b := p.a]; y = q.a + q.b; tel", [13, 11, 14, 11, 15]),
    "an activation by a constructor": (
        f"type m = enum {{ A, B }};\nnode count(x: int) returns (n: int); let n = 1 -> pre n + 1; tel\n{HEAD}\n"
        "var k: m; let k = if c then A else B;"
        " y = merge k (A -> x when A(k)) (B -> (activate count every k = B)(x)); tel", [3, 1, 4, 2, 3]),
    "an activation by a negation": (
        f"node count(x: int) returns (n: int); let n = 1 -> pre n + 1; tel\n{HEAD}\n"
        "let y = merge(c; x when c; (activate count every not c)(x)); tel", [3, 1, 4, 2, 3]),
    "any value is zero in a run": (f"{HEAD} let y = x + any@<int>; tel", X),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program(tmp_path: Path, name: str) -> None:
    text, expected = PROGRAMS[name]
    assert traces(read(tmp_path, text, dialect="kind2"), {"x": X, "c": C}, 5)["y"] == expected


def test_any_value_meets_its_condition_and_nothing_else(tmp_path: Path) -> None:
    text = f"""{HEAD}
var small: subrange [1, 3] of int;
let
  y = any {{ v: int | v > x }};
  small = any@<subrange [1, 3] of int>;
  check "above" y > x;
  check "far above" y > x + 1;
  check "small" small < 4;
  check "again" any@<int> = any@<int>;
tel
"""
    found = verdicts(tmp_path, text)
    assert (found["above"], found["far above"]) == ("proved", "violated")
    assert (found["small"], found["again"]) == ("proved", "violated")


def test_the_first_value_of_an_unguarded_pre_is_any_value(tmp_path: Path) -> None:
    text = f"""{HEAD}
let
  y = x;
  check "first" pre 1 = 1;
  check "guarded" true -> pre 1 = 1;
  check "second" (0 -> pre pre 0) = 0;
  check "twice guarded" true -> pre (true -> pre 1 = 1);
  check "of a call" (0 -> last_of(pre 0)) = 0;
tel
node last_of(x: int) returns (y: int);
let y = 0 -> pre x; tel
"""
    found = verdicts(tmp_path, text)
    wanted = {"first": "violated", "guarded": "proved", "second": "violated", "twice guarded": "proved",
              "of a call": "violated"}  # fmt: skip
    assert {name: found[name] for name in wanted} == wanted


def test_an_unguarded_pre_in_a_contract_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(DiagnosticError) as caught:
        read(tmp_path, f"{HEAD}\n(*@contract guarantee pre x = x; *) let y = x; tel", dialect="kind2")
    assert {d.code for d in caught.value.diagnostics} == {"I001"}


def test_subtypes_are_duties_promises_and_lemmas(tmp_path: Path) -> None:
    text = """
type Even = subtype { n: int | n mod 2 = 0 };
node half(x: Even) returns (y: int | 2 * y = x);
(*@contract var g: subtype { n: int | n = 0 } = x mod 2; *)
let y = x div 2; tel
node main(x: int) returns (y: int; wrong: Even);
var pairs: [Even, int]^2;
let
  pairs = ['(2 * x, 1), '(4, x)];
  y = half(x + x) + half(x);
  wrong = x;
tel
"""
    found = verdicts(tmp_path, text)
    assert (found["half.x is in its subtype"], found["half_2.x is in its subtype"]) == ("proved", "violated")
    assert found["wrong is in its subtype"] == "violated"
    proved = [name for name, verdict in found.items() if verdict == "proved"]
    assert {"half.y is in its subtype", "half.g is in its subtype", "pairs is in its subtype"} <= set(proved)


def test_what_an_imported_node_yields_is_in_its_subrange(tmp_path: Path) -> None:
    text = """
node imported sensor() returns (level: subrange [1, 5] of int; even: int | even mod 2 = 0);
node main() returns (y: int);
var e: int;
let
  y, e = sensor();
  check "level" 0 < y and y < 6;
  check "even" e mod 2 = 0;
  check "wrong" y < 5;
tel
"""
    found = verdicts(tmp_path, text)
    assert (found["level"], found["even"], found["wrong"]) == ("proved", "proved", "violated")


def test_a_mode_may_be_named_before_it_is_written(tmp_path: Path) -> None:
    text = """
node main(c: bool) returns (y: int);
(*@contract
  mode rest (require not ::work; ensure y = 0;);
  mode work (require c; ensure y = 1;);
*)
let y = if c then 1 else 0; tel
"""
    assert set(verdicts(tmp_path, text).values()) == {"proved", "reached"}


def test_a_ghost_stream_may_have_the_name_of_a_local_one(tmp_path: Path) -> None:
    text = """
node main(c: bool) returns (y: int);
(*@contract var z: int = 1; guarantee "positive" y = z; *)
var z: bool;
let z = true; y = if z then 1 else 0; tel
"""
    assert verdicts(tmp_path, text)["positive"] == "proved"


def test_a_ghost_stream_of_an_imported_node_is_in_its_subtype(tmp_path: Path) -> None:
    text = """
node imported sensor(x: int) returns (y: int);
(*@contract var low: subtype { n: int | n > 0 } = x; guarantee y > low; *)
node main(x: int) returns (y: int);
let y = sensor(x); check "positive" y > 0; tel
"""
    assert verdicts(tmp_path, text) == {"low is in its subtype": "violated", "positive": "violated"}


def test_a_file_of_specifications(tmp_path: Path) -> None:
    text = "node imported sensor(x: int) returns (y: int);\n(*@contract assume x > 0; guarantee y > x; *)"
    checked = read(tmp_path, text, dialect="kind2")
    assert checked.main.label == "sensor"
    assert [p.kind for p in checked.main.properties] == [PropertyKind.REQUIRE, PropertyKind.ASSUME]


FAULTS: dict[str, tuple[str, str]] = {
    "a constant outside of its subtype": (f"const n: subtype {{ k: int | k > 0 }} = 0;\n{HEAD} let y = n; tel", "T003"),
    "a constant outside of its subrange": (f"const n: subrange [1, 2] of int = 0;\n{HEAD} let y = n; tel", "T003"),
    "a subtype by a number": (f"{HEAD} var z: subtype {{ k: int | k + 1 }}; let y = x; z = x; tel", "V001"),
    "too few types": (f"type p<T; U> = struct {{ a: T; b: U }};\n{HEAD} var z: p<int>; let y = x; tel", "T007"),
    "a map": (f"{HEAD} var m: map<int, int>; let y = x; tel", "R002"),
    "a set without elements": (f"{HEAD} let y = if x in [] then 1 else 0; tel", "R002"),
    "a lazy implication": (f"{HEAD} let y = if c ==> x > 0 then 1 else 0; tel", "R002"),
    "a call without its types": (f"node f<T>(x: T) returns (y: T); let y = x; tel\n{HEAD} let y = f(x); tel", "R002"),
    "an update of an array": (f"{HEAD} var a: int^2; let a = [x, x][k := 1]; y = a[0]; tel", "R002"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_has_its_code(tmp_path: Path, name: str) -> None:
    text, code = FAULTS[name]
    with pytest.raises(DiagnosticError) as caught:
        read(tmp_path, text, dialect="kind2")
    assert {d.code for d in caught.value.diagnostics} == {code}


def test_reachability_queries(tmp_path: Path) -> None:
    text = f"""{HEAD}
let
  y = 0 -> pre y + 1;
  check reachable "six" y = 6;
  check reachable "in time" y = 6 within 6;
  check reachable "too late" y = 6 within 5;
  check reachable "later" y = 3 from 4;
  check reachable "then" y = 3 at 3;
  check reachable "between" y = 5 from 4 within 7;
  check reachable "never" y = -1 from 2;
tel
"""
    assert verdicts(tmp_path, text) == {
        "six": "reached", "in time": "reached", "too late": "unreachable", "later": "unreachable", "then": "reached",
        "between": "reached", "never": "unreachable",
    }  # fmt: skip


@pytest.mark.parametrize(("value", "possible"), [("any@<int>", "reached"), ("26", "unreachable")])
def test_what_is_provided_has_to_be_possible(tmp_path: Path, value: str, possible: str) -> None:
    text = f'{HEAD}\nlet\n  y = {value};\n  check "p" y < 50 provided y < 25;\ntel\n'
    assert verdicts(tmp_path, text) == {"p": "proved", "p: it can be provided": possible}


def test_a_value_with_a_type_is_in_it(tmp_path: Path) -> None:
    text = f"""type pos = subrange [1, *] of int;
{HEAD}
let
  y = (3 : pos) + (x : subtype {{ v: int | v < y }});
tel
"""
    found = verdicts(tmp_path, text.replace("v < y", "v < 5"))
    assert sorted(found.values()) == ["proved", "violated"]


def test_modes_are_goals_and_weak_clauses_are_clauses(tmp_path: Path) -> None:
    text = f"""{HEAD}
(*@contract
  weakly assume x > 0;
  var low, high: bool = (x < 10, x >= 10);
  weakly guarantee "g" y >= 1;
  mode low (require low; ensure "same" y = x;);
  mode high (require high; ensure "capped" y = 10;);
  mode never (require x < 0;);
*)
let y = if x < 10 then x else 10; tel
"""
    found = verdicts(tmp_path, text)
    assert found == {
        "g": "proved", "low: same": "proved", "high: capped": "proved", "some mode applies": "proved",
        "low": "reached", "high": "reached", "never": "unreachable",
    }  # fmt: skip


def test_an_import_may_be_of_a_mode(tmp_path: Path) -> None:
    text = f"""contract inner(p: bool) returns (y: int);
let
  guarantee "follows" p => y > 2;
  mode big (require y > 100;);
tel
{HEAD}
(*@contract
  mode large (require x > 2;);
  mode small (require x <= 2;);
  import inner(::large) returns (y);
  guarantee "of the import" ::inner::big => x > 2;
*)
let y = if x > 2 then x else 0; tel
"""
    found = verdicts(tmp_path, text)
    assert found["inner.follows"] == found["of the import"] == "proved"


def test_hexadecimal_reals_and_texts_of_two_lines(tmp_path: Path) -> None:
    text = f"""{HEAD}
let
  y = x;
  check "a" 0x1p-3 = 0.125 and 0x1.8p+1 = 3.0;
  check "b
  c" 0x.1 = 0.0625 and 0x1234. = 4660.0 and 0xA0f = 2575;
tel
"""
    assert set(verdicts(tmp_path, text).values()) == {"proved"}
