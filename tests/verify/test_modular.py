"""Modular proofs: what a contract proves, when a body is needed, and that no such proof is ever wrong."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncml.pipeline import check_file
from syncml.verify import Modular, Proofs, Proved, Semantics, Unknown, VerificationReport, VerifyOptions, stages, verify
from tests.verify.contracts import HEAD, decide, replay, verdicts
from tests.verify.test_verify import judge

LIMITER = """
@node
def limiter(x: Stream[i32], most: Stream[i32]) -> Stream[i32]:
    require((most >= 0) & (most <= 100), "sensible")
    y = clip(x, -most, most)
    ensure((y <= most) & (y >= -most), "bounded")
    return y
"""


def modular(folder: Path, text: str, **options: object) -> VerificationReport:
    """The verdicts with contracts at once, which have to be right, and those without."""
    report = decide(folder, text, proofs=Proofs.MODULAR, **options)
    judge(check_file(str(folder / "program.py")).program, report)
    return report


def proof(report: VerificationReport, name: str, node: str = "main") -> Proved:
    (found,) = [r.verdict for r in report.results if (r.name, r.node) == (name, node)]
    assert isinstance(found, Proved)
    return found


def test_a_contract_is_proved_once_and_stands_for_each_instance(tmp_path: Path) -> None:
    report = modular(tmp_path, LIMITER + """
@node
def main(a: Stream[i32], b: Stream[i32]) -> Stream[i32]:
    s = limiter(a, 10) + limiter(b, 20)
    ensure(s <= 30, "sum")
    return s
""")  # fmt: skip
    assert report.proved
    assert [(r.name, r.node) for r in report.results].count(("bounded", "limiter")) == 1
    assert proof(report, "sum").modular == Modular(("limiter",))
    for path in ("limiter", "limiter_2"):
        assert proof(report, f"{path}.bounded").modular == Modular(alone="limiter", clause="bounded")
        assert proof(report, f"overflow:{path}.y_neg").modular == Modular(alone="limiter", clause="overflow:y_neg")
        assert proof(report, f"{path}.sensible").modular is None


def test_the_rows_are_those_of_a_proof_with_bodies(tmp_path: Path) -> None:
    text = LIMITER + """
@node
def main(a: Stream[i32]) -> Stream[i32]:
    s = limiter(limiter(a, 10), 20)
    ensure(s <= 20, "sum")
    return s
"""  # fmt: skip
    report, other = modular(tmp_path, text), decide(tmp_path, text, proofs=Proofs.MONOLITHIC)
    assert [(r.name, r.kind, r.span) for r in report.results if r.node == "main"] == [
        (r.name, r.kind, r.span) for r in other.results
    ]


def test_a_body_is_taken_where_its_contract_is_not_enough(tmp_path: Path) -> None:
    report = modular(tmp_path, LIMITER + """
@node
def doubled(x: Stream[i32]) -> Stream[i32]:
    require((x >= 0) & (x <= 100), "small")
    y = x + x
    ensure(y >= 0, "not below zero")
    return y


@node
def main(a: Stream[i32]) -> tuple[Stream[i32], Stream[i32]]:
    p = limiter(a, 50)
    q = doubled(where(p > 0, p, 0))
    ensure(p <= 50, "contract")
    ensure(q <= 100, "body")
    return p, q
""")  # fmt: skip
    assert report.proved
    assert proof(report, "contract").modular == Modular(("limiter",))
    assert proof(report, "body").modular == Modular(("limiter",), ("doubled",))


def test_a_contract_that_needs_its_caller_is_no_contract(tmp_path: Path) -> None:
    """What holds only for the inputs at hand is proved with the body."""
    report = modular(tmp_path, """
@node
def half(x: Stream[i32]) -> Stream[i32]:
    y = x // 2
    ensure(y <= 10, "small")
    return y


@node
def main(a: Stream[bool]) -> Stream[i32]:
    y = half(where(a, 20, 0))
    ensure(y <= 10, "also")
    return y
""")  # fmt: skip
    assert report.proved
    assert not [r for r in report.results if r.node == "half"]


def test_a_broken_requirement_is_reported_and_nothing_follows_from_it(tmp_path: Path) -> None:
    report = modular(tmp_path, LIMITER + """
@node
def main(a: Stream[i32], b: Stream[i32]) -> Stream[i32]:
    s = limiter(a, b)
    ensure(s <= 100, "small")
    return s
""")  # fmt: skip
    found = verdicts(report)
    assert found["limiter.sensible"] == found["small"] == found["limiter.bounded"] == "violated"


CIRCLE = """
@node
def passing(x: Stream[i32]) -> Stream[i32]:
    require((x >= 0) & (x < 1000), "required")
    y = state(init={init})
    y.next = x
    ensure(y >= 0, "promised")
    return y


@node
def main(on: Stream[bool]) -> Stream[i32]:
    back = state(init=0)
    y = passing(back)
    z = passing(y)
    back.next = z
    ensure(z >= 0, "round")
    return z
"""


@pytest.mark.parametrize(("init", "verdict"), [(0, "proved"), (-1, "violated")])
def test_an_argument_in_a_circle_proves_nothing(tmp_path: Path, init: int, verdict: str) -> None:
    report = modular(tmp_path, CIRCLE.format(init=init))
    found = verdicts(report)
    assert found["round"] == found["passing.promised"] == verdict


RESTARTED = """
@node
def ramp(up: Stream[bool]) -> Stream[i32]:
    ticks = state(init=0)
    ticks.next = where(ticks < 20, ticks + 1, 20)
    y = state(init=0)
    y.next = where(up & (y < 8), y + 1, y)
    ensure(y <= ticks, "not before its time")
    ensure((y >= 0) & (y <= 8), "bounded")
    return y


@node
def main(up: Stream[bool], again: Stream[bool], c: Stream[bool]) -> Stream[i32]:
    y = ramp.reset_every(again)(up)
    z = hold(ramp(when(up, c)), init=0)
    invariant((z >= 0) & (z <= 8), "held")
    ensure(y + z <= 16, "sum")
    ensure(y <= 5, "wrong")
    return y + z
"""


def test_a_contract_is_about_the_instants_of_an_instance_since_its_reset(tmp_path: Path) -> None:
    report = modular(tmp_path, RESTARTED)
    assert proof(report, "sum").modular == Modular(("ramp",))
    assert proof(report, "ramp.not before its time").modular == Modular(alone="ramp", clause="not before its time")
    assert verdicts(report)["wrong"] == "violated"


def test_a_check_counts_only_where_the_value_is_used(tmp_path: Path) -> None:
    """The contract reads ``z`` in some cases, the body in all: that the division is safe in these says nothing."""
    report = modular(tmp_path, """
@node
def positive(c: Stream[bool], z: Stream[i32]) -> Stream[i32]:
    require(~c | (z >= 0), "required")
    y = maximum(z, 0)
    ensure(y >= 0, "promised")
    return y


@node
def main(d: Stream[i32]) -> Stream[i32]:
    require((d >= 0) & (d < 5))
    y = positive(d > 0, 10 // d)
    ensure(y >= 0, "sign")
    return y
""")  # fmt: skip
    found = verdicts(report)
    assert next(v for n, v in found.items() if n.startswith("division:")) == "violated"
    assert found["sign"] == "proved"


def test_an_unchecked_division_of_the_callee_is_one_of_each_instance(tmp_path: Path) -> None:
    report = modular(tmp_path, """
@node
def share(x: Stream[i32], n: Stream[i32]) -> Stream[i32]:
    require((x >= 0) & (x <= 100), "x")
    y = where(n > 0, x // n, 0)
    ensure((y >= 0) & (y <= 100), "range")
    return y


@node
def main(x: Stream[i32], n: Stream[i32]) -> Stream[i32]:
    y = share(clip(x, 0, 100), n)
    z = share(y, n - 1)
    ensure(z <= 100, "range")
    return z
""")  # fmt: skip
    found = {r.name: r.verdict for r in report.results if r.node == "main" and r.kind == "division"}
    assert len(found) == 2
    assert all(isinstance(v, Proved) and v.modular is not None and v.modular.alone == "share" for v in found.values())


NESTED = """
@node
def inner(x: Stream[i32]) -> Stream[i32]:
    require((x >= 0) & (x <= 10), "x")
    y = x * x
    ensure((y >= 0) & (y <= 100), "square")
    return y


@node
def outer(x: Stream[i32]) -> Stream[i32]:
    require((x >= 0) & (x <= 9), "x")
    y = inner(x) + inner(x + 1)
    ensure(y <= 200, "sum")
    return y


@node
def main(x: Stream[i32]) -> Stream[i32]:
    y = outer(clip(x, 0, 9))
    ensure(y <= 200, "all")
    return y
"""


def test_contracts_of_callees_of_callees(tmp_path: Path) -> None:
    report = modular(tmp_path, NESTED)
    assert report.proved
    assert proof(report, "all").modular == Modular(("outer",))
    assert proof(report, "sum", "outer").modular == Modular(("inner",))
    assert proof(report, "outer.inner.square").modular == Modular(alone="outer", clause="inner.square")


NO_NUMBER = """
{node}
def small(x: Stream[f32]) -> Stream[f32]:
    y = where(x > 10.0, 10.0, where(x < 0.0, 0.0, x))
    ensure(y <= 10.0, "small")
    return y


@node
def main(x: Stream[f32]) -> Stream[f32]:
    big = x * x
    y = small(big - big)
    ensure(y <= 10.0, "out")
    return y
"""


def test_machine_floats_that_a_callee_reads_are_followed_into_its_body(tmp_path: Path) -> None:
    """A proof of the callee is about finite inputs; nobody says that this one is."""
    report = modular(tmp_path, NO_NUMBER.format(node="@node"), semantics=Semantics.MACHINE)
    assert all(isinstance(r.verdict, Unknown) or r.verdict.modular is None
               for r in report.results if isinstance(r.verdict, Proved | Unknown))  # fmt: skip


def test_a_contract_is_proved_for_numbers(tmp_path: Path) -> None:
    """An abstract node that may be handed NaN promises nothing, unless it is shown that it is not."""
    text = NO_NUMBER.format(node="@node(abstract=True)")
    (out,) = [r for r in decide(tmp_path, text, semantics=Semantics.MACHINE).results if r.name == "out"]
    assert isinstance(out.verdict, Unknown)
    assert "finite:big" in out.verdict.reason
    limited = text.replace("big = x * x", "big = clip(x, -5.0, 5.0)")
    assert decide(tmp_path, limited, semantics=Semantics.MACHINE).proved


def test_bodies_only_if_that_is_asked_for(tmp_path: Path) -> None:
    report = decide(tmp_path, NESTED, proofs=Proofs.MONOLITHIC)
    assert report.proved
    assert {r.node for r in report.results} == {"main"}


CHAIN = """
@node
def fade(x: Stream[f32], k: Stream[f32]) -> Stream[f32]:
    require((x >= 0.0) & (x <= 1.0), "x")
    require((k >= 0.0) & (k <= 1.0), "k")
    y = state(init=0.0)
    after = y + k * (1.0 - 0.5 * y * y) * (x - y)
    y.next = after
    ensure((after >= 0.0) & (after <= 1.0), "range")
    return after


@node
def main(x: Stream[f32], k: Stream[f32]) -> Stream[f32]:
    require((x >= 0.0) & (x <= 1.0), "x")
    require((k >= 0.0) & (k <= 1.0), "k")
    for _ in range(6):
        x = fade(x, (k + x) / 2.0)
    ensure(x <= 1.0, "out")
    return x
"""


@pytest.mark.parametrize("proofs", [Proofs.MODULAR, Proofs.AUTO])
def test_what_bodies_make_too_hard(tmp_path: Path, proofs: Proofs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "MOMENT", 0.1)
    report = decide(tmp_path, CHAIN, proofs=proofs, timeout=30.0, semantics=Semantics.REALS)
    assert report.proved
    assert proof(report, "out").modular == Modular(("fade",))


@pytest.mark.parametrize(
    ("right", "wrong", "broken"),
    [
        ("up & (y < 8)", "up & (y < 9)", "ramp.bounded"),
        ("y <= ticks", "y < ticks", "ramp.not before its time"),
    ],
)
def test_a_fault_in_a_callee_is_found(tmp_path: Path, right: str, wrong: str, broken: str) -> None:
    """Its contract is no promise then; it is reported where the node is called, with a run."""
    faulty = RESTARTED.replace(right, wrong).replace('    ensure(y <= 5, "wrong")\n', "")
    assert faulty.count(wrong) == 1
    report = modular(tmp_path, faulty, timeout=20.0, properties=(broken,))
    assert verdicts(report)[broken] == "violated"
    assert not [r for r in report.results if r.node == "ramp" and r.name == broken.partition(".")[2]]


LUSTRE = """
node limiter(x: int; most: int) returns (y: int);
(*@contract
  assume most >= 0;
  guarantee "bounded" y <= most and y >= -most;
*)
let y = if x > most then most else if x < -most then -most else x; tel

node main(a, b: int) returns (s: int);
let
  s = limiter(a, 10) + limiter(b, 20);
  --%PROPERTY s <= 30;
  --%MAIN;
tel
"""


def test_contracts_of_lustre(tmp_path: Path) -> None:
    path = tmp_path / "program.lus"
    path.write_text(LUSTRE, "utf-8")
    report = verify(check_file(str(path)).program, VerifyOptions(timeout=20.0, proofs=Proofs.MODULAR), replay)
    assert report.proved
    (total,) = [r.verdict for r in report.results if r.node == "main" and not r.instance]
    assert isinstance(total, Proved)
    assert total.modular == Modular(("limiter",))


BODIES = {
    "counter": ("x >= 0", ("n = state(init={a})", "y = minimum(n + where(x > {b}, 1, 0), {c})", "n.next = y")),
    "mean": ("(x >= -{c}) & (x <= {c})", ("n = state(init={a})", "y = (n + x) // 2", "n.next = y")),
    "limit": ("x < 100", ("y = clip(x, -{a}, {c})",)),
    "last": ("(x >= {a}) & (x <= 50)", ("y = state(init={b})", "y.next = where(x > y, x, y - {a})")),
    "sum": ("(x >= 0) & (x <= {b})", ("n = state(init=0)", "y = where(n > {c}, 0, n + x)", "n.next = y")),
}


@st.composite
def callees(draw: st.DrawFn, name: str) -> str:
    """A node with a contract, which may be wrong."""
    required, lines = BODIES[draw(st.sampled_from(sorted(BODIES)))]
    numbers = {k: draw(st.integers(0, 4)) for k in "abc"}
    low, high = draw(st.integers(-8, 1)), draw(st.integers(-1, 10))
    body = [f"require({required}, 'required')"] if draw(st.booleans()) else []
    body += [*lines, f"ensure(y <= {high}, 'high')"]
    body += [f"ensure(y >= {low}, 'low')"] if draw(st.booleans()) else []
    text = "\n    ".join(line.format(**numbers) for line in (*body, "return y"))
    return f"@node\ndef {name}(x: Stream[i32]) -> Stream[i32]:\n    {text}\n\n\n"


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Nodes with contracts and a few instances: on other clocks, reset, one after the other, and in loops."""
    names = ("f", "g")[: draw(st.integers(1, 2))]
    text = "".join(draw(callees(name)) for name in names)
    text += "@node\ndef main(a: Stream[i32], c: Stream[bool]) -> Stream[i32]:\n    back = state(init=0)\n"
    streams = ["a", "back", "clip(a, 0, 3)", "2"]
    for number in range(draw(st.integers(1, 3))):
        name, read = draw(st.sampled_from(names)), draw(st.sampled_from(streams))
        how = draw(st.sampled_from(["{f}({x})", "{f}.reset_every(c)({x})", "hold({f}(when({x} + 0 * a, c)), init=1)"]))
        text += f"    y{number} = {how.format(f=name, x=read)}\n"
        streams += [f"y{number}", f"minimum(y{number}, 5)"]
    low, high, last = draw(st.integers(-9, 1)), draw(st.integers(0, 12)), f"y{number}"
    text += f"    back.next = {draw(st.sampled_from(streams))}\n"
    text += f"    ensure({last} <= {high}, 'below')\n    ensure({last} >= {low}, 'above')\n    return {last}\n"
    return text


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=programs())
def test_what_is_proved_so_is_never_violated(text: str) -> None:
    """Not by random runs, and not where the program is searched with all bodies."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "program.py"
        path.write_text(HEAD + text, "utf-8")
        program = check_file(str(path)).program
        found = [
            verify(program, VerifyOptions(timeout=3.0, proofs=proofs), replay)
            for proofs in (Proofs.MODULAR, Proofs.MONOLITHIC)
        ]
        for report in found:
            judge(program, report)
        ours, theirs = ({r.name: type(r.verdict) for r in f.results if r.node == "main"} for f in found)
        assert ours.keys() == theirs.keys()
        for name in ours:
            assert Unknown in (ours[name], theirs[name]) or ours[name] is theirs[name], name
