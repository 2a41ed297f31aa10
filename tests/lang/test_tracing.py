"""What tracing yields that programs under snapshot do not show."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syncml import Hz, Stream, constant, f32, f64, ms, node, param, s, zeros
from syncml.diagnostics import DiagnosticError
from syncml.ir.clocks import BASE, On, Periodic, word
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Call, Node, Program, PropertyKind
from syncml.lang.load import load_program, program_of
from syncml.lang.rates import Duration, RateFault, word_at

HEAD = "import enum, math\nimport numpy as np\nfrom typing import Annotated, Literal as L\nfrom syncml import *\n"


def program(tmp_path: Path, text: str) -> Program:
    path = tmp_path / "program.py"
    path.write_text(HEAD + text)
    return load_program(path)


def main(tmp_path: Path, text: str) -> Node:
    loaded = program(tmp_path, text)
    return loaded.node(loaded.main)


def fault(tmp_path: Path, text: str) -> Any:
    with pytest.raises(DiagnosticError) as caught:
        program(tmp_path, text)
    (found,) = caught.value.diagnostics
    return found


def test_equal_parameters_share_a_node_and_others_do_not(tmp_path: Path) -> None:
    loaded = program(
        tmp_path,
        """
@node
def f(x: Stream[f32], k: object) -> Stream[f32]:
    return x + 1.0

def make(k):
    @node
    def g(x: Stream[f32]) -> Stream[f32]:
        return x + k
    return g

@node
def main(x: Stream[f32]) -> Stream[f32]:
    values = [1, 1, True, 1.0, 1.0, -0.0, 0.0, [1, 2], [1, 2], (1, 2), np.ones(2)]
    values += [np.ones(2), np.ones(2, np.float32), {"a": 1}]
    total = x
    for value in values:
        total = total + f(x, k=value)
    for gain in [1.0, 1.0, 2.0]:
        total = total + make(gain)(x)
    return total
""",
    )
    labels = [found.label for found in loaded.nodes]
    assert labels.count("f") == 10
    assert labels.count("g") == 2
    assert len({found.name for found in loaded.nodes}) == len(labels)
    assert sum(isinstance(e.rhs, Call) for e in loaded.node("main").equations) == 17


def test_instances_have_names_of_their_own(tmp_path: Path) -> None:
    found = main(
        tmp_path,
        "@node\ndef f(x: Stream[f32]) -> Stream[f32]:\n    return x\n"
        "@node\ndef main(x: Stream[f32]) -> Stream[f32]:\n    f_2 = f(x)\n    return f(f_2) + f(x)\n",
    )
    instances = [e.rhs.instance for e in found.equations if isinstance(e.rhs, Call)]
    variables = [v.name for e in found.equations for v in e.targets]
    assert len(set(instances + variables)) == len(instances) + len(variables)


def test_declared_clocks(tmp_path: Path) -> None:
    found = main(
        tmp_path,
        """
class M(enum.Enum):
    A = 0
    B = 1

@node(rate=Hz(100), at={"x": Hz(25), "y": "c", "z": ("m", M.B)})
def f(x: Stream[f32], c: Stream[bool], y: Stream[f32], m: Stream[M], z: Stream[f32]) -> Stream[bool]:
    return c
""",
    )
    x, c, y, m, z = found.inputs
    assert found.rate == Fraction(100)
    assert dict(found.clocks) == {
        x: Periodic(BASE, word((), (1, 0, 0, 0))), c: BASE, y: On(BASE, c, True), m: BASE, z: On(BASE, m, "B"),
    }  # fmt: skip


def test_a_node_without_a_rate_declares_no_clocks(tmp_path: Path) -> None:
    found = main(tmp_path, "@node\ndef f(x: Stream[f32]) -> Stream[f32]:\n    return x\n")
    assert not found.clocks and found.rate is None


def test_units_labels_documentation_and_options(tmp_path: Path) -> None:
    found = main(
        tmp_path,
        """
Speed = Annotated[f32, Unit("m/s")]

@node(abstract=True)
def f(x: Stream[Speed], y: Annotated[Stream[f32], Unit("m")]) -> Stream[Annotated[f32, Unit("s")]]:
    \"\"\"Divide.\"\"\"
    return y / x
""",
    )
    assert [v.unit for v in (*found.inputs, *found.outputs)] == ["m/s", "m", "s"]
    assert (found.label, found.documentation, found.abstract) == ("f", "Divide.", True)
    assert (found.span.line, found.span.column, found.span.end_column) == (9, 5, 6)


def test_clauses(tmp_path: Path) -> None:
    found = main(
        tmp_path,
        "@node\ndef f(x: Stream[f32]) -> Stream[f32]:\n    assume(x > 0.0, 'a')\n"
        "    require(x > 1.0, 'a', req='SR-1')\n"
        "    ensure(x  >\n        2.0)\n    invariant(True)\n    return x\n",
    )
    assert [(p.kind, p.name, p.requirement) for p in found.properties] == [
        (PropertyKind.ASSUME, "a", ""),
        (PropertyKind.REQUIRE, "a_2", "SR-1"),
        (PropertyKind.ENSURE, "x > 2.0", ""),
        (PropertyKind.INVARIANT, "True", ""),
    ]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("x + np.float32(0.1)", 0.1),
        ("x + np.float64(0.1)", 0.1),
        ("x + 1", 1.0),
        ("x + np.int8(3)", 3.0),
        ("x * constant(2.5)", 2.5),
    ],
)
def test_a_number_means_its_shortest_decimal(tmp_path: Path, expression: str, value: float) -> None:
    found = main(tmp_path, f"@node\ndef f(x: Stream[f32]) -> Stream[f32]:\n    return {expression}\n")
    rhs = found.equations[0].rhs
    assert isinstance(rhs, Apply)
    constant_ = rhs.arguments[1]
    assert isinstance(constant_, Const)
    assert (constant_.value, type(constant_.value)) == (value, float)


def test_a_constant_takes_the_type_that_it_meets(tmp_path: Path) -> None:
    found = main(
        tmp_path,
        "W = constant(np.array([0.1, 0.2]), name='w')\nV = constant([1, 2], f64)\n@node\n"
        "def f(x: Stream[Vec[L[2]]], y: Stream[Vec[L[2], f64]]) -> tuple[Stream[f32], Stream[f64], Stream[f64]]:\n"
        "    return W @ x, W @ y, V @ y\n",
    )
    arguments = [e.rhs.arguments[0] for e in found.equations if isinstance(e.rhs, Apply)]
    assert [str(a.type) for a in arguments] == ["f32[2]", "f64[2]", "f64[2]"]
    assert [a.name for a in arguments if isinstance(a, Const)] == ["w", "w", "V"]


def test_streams_are_keyed_by_identity() -> None:
    a, b = constant(1.0), constant(1.0)
    assert {a: 1, b: 2}[b] == 2
    assert np.ones(2).__mul__(zeros(2)) is NotImplemented


def test_an_operation_outside_of_a_program_is_raised() -> None:
    with pytest.raises(DiagnosticError, match="L017"):
        zeros(2) + 1.0
    assert param("gain", 2.0) == 2.0


def test_a_node_of_another_program_can_be_used_again() -> None:
    @node
    def twice(x: Stream[f32]) -> Stream[f32]:
        return x * 2.0

    assert program_of(twice) == program_of(twice) or program_of(twice).main == "twice"
    with pytest.raises(DiagnosticError, match="L015"):
        program_of(twice, gain=1.0)


def test_annotations_may_name_what_is_local() -> None:
    from syncml import Vec

    size = 3
    kind = f64

    @node
    def sized(x: Stream[Vec[size, kind]]) -> Stream[kind]:  # type: ignore[valid-type]
        return x.sum()

    assert str(program_of(sized).nodes[0].inputs[0].type) == "f64[3]"


@pytest.mark.parametrize(
    ("body", "help_"),
    [
        ("x.next = 1.0", "only a state has a next value: make it with state(init=...)"),
        ("x.reshap(1)", "did you mean `.reshape`?"),
        ("np.sin(x)", "functions of NumPy do not take streams: use those of syncml, such as `from syncml import sin`"),
    ],
)
def test_advice_about_exceptions(tmp_path: Path, body: str, help_: str) -> None:
    found = fault(tmp_path, f"@node\ndef f(x: Stream[f32]) -> Stream[f32]:\n    {body}\n    return x\n")
    assert (found.code, found.help, found.span.line) == ("L018", help_, 7)


def test_an_unknown_member_in_plain_python(tmp_path: Path) -> None:
    found = fault(
        tmp_path,
        "class Mode(enum.Enum):\n    CRUISE = 0\n"
        "@node\ndef f(m: Stream[Mode]) -> Stream[bool]:\n    return m == Mode.CRUSE\n",
    )
    assert (found.code, found.help) == ("T004", "did you mean `Mode.CRUISE`?")


def test_decorating_a_class_is_a_fault(tmp_path: Path) -> None:
    found = fault(tmp_path, "@node\nclass A:\n    pass\n")
    assert found.code == "L014"


def test_a_stream_that_is_measured_while_the_file_is_imported(tmp_path: Path) -> None:
    assert fault(tmp_path, "W = constant(2.0)\nfloat(W)\n").code == "L012"


def test_words_of_rates() -> None:
    assert word_at(Hz(25), Fraction(100)) == word((), (1, 0, 0, 0))
    assert word_at(Hz(25, phase=ms(10)), Fraction(100)) == word((), (0, 1, 0, 0))
    assert word_at(Hz(50), Fraction(100), phase=ms(50)) == word((0,) * 5, (1, 0))
    assert word_at(Hz(0.1), Fraction(1)) == word((), (1,) + (0,) * 9)
    for wrong, phase in [(Hz(30), None), (Hz(200), None), (Hz(50), ms(5))]:
        with pytest.raises(RateFault):
            word_at(wrong, Fraction(100), phase)


def test_times_are_exact() -> None:
    assert ms(0.1) == s(0.0001) == Duration(Fraction(1, 10_000))
    assert str(Hz(100)) == "100 Hz" and str(ms(2.5)) == "2.5 ms"
    for rate, phase in [(0, None), (-1, None), (1, s(-1))]:
        with pytest.raises(ValueError, match="positive"):
            Hz(rate, phase)
