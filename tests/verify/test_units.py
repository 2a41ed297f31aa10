"""What follows from declared units, through nodes, memory and products; and that nothing of it remains in C."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncml.diagnostics.model import Collector, Diagnostic, DiagnosticError
from syncml.diagnostics.pages import parse_page
from syncml.export_c import package
from syncml.pipeline import check_file, step_code
from syncml.sim.interpreter import interpret
from syncml.verify.units import infer_units

HEAD = """from typing import Annotated
from typing import Literal as L
from syncml import Hz, Stream, Unit, Vec, constant, f32, fby, in_unit, node, sqrt, state, tanh, vec, where
M = Annotated[f32, Unit("m")]
V = Annotated[f32, Unit("m/s")]
S = Annotated[f32, Unit("s")]
KMH = Annotated[f32, Unit("km/h")]
"""


def units(tmp_path: Path, text: str) -> dict[str, str]:
    """The units of the streams of the main node, by name."""
    path = tmp_path / "program.py"
    path.write_text(HEAD + text, "utf-8")
    checked = check_file(str(path))
    found = infer_units(checked.program, Collector())
    return {v.name: str(u) for v, u in found.get(checked.main.name, {}).items()}


def faults(tmp_path: Path, text: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(DiagnosticError) as caught:
        units(tmp_path, text)
    return caught.value.diagnostics


def test_units_follow_products_memory_and_choice(tmp_path: Path) -> None:
    found = units(tmp_path, """@node
def main(gap: Stream[M], v: Stream[V], c: Stream[bool]) -> Stream[f32]:
    time = gap / v
    area = gap ** 2
    side = sqrt(area)
    last = state(init=0.0)
    last.next = where(c, last, side)
    free = v * 0.5
    both = vec(gap, last)
    first_ = both[0]
    mixed = vec(gap, v)
    return last + first_
""")  # fmt: skip
    assert found["time"] == "s" and found["area"] == "m**2" and found["side"] == "m"
    assert found["last"] == "m" and found["both"] == "m" and found["first_"] == "m"
    assert "free" not in found and "mixed" not in found


def test_a_product_gives_the_unit_of_the_other_factor(tmp_path: Path) -> None:
    found = units(tmp_path, """@node
def main(gap: Stream[M], v: Stream[V], x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    a = gap - v * x
    b = v + gap / y
    return a + b * x
""")  # fmt: skip
    assert found["x"] == "s" and found["y"] == "s"


def test_a_node_passes_units_on_for_each_call(tmp_path: Path) -> None:
    found = units(tmp_path, """@node
def slow(x: Stream[f32], k: Stream[f32]) -> Stream[f32]:
    last = state(init=0.0)
    last.next = x
    return where(k > 0.0, last, 0.5 * x + last)
@node
def main(gap: Stream[M], v: Stream[V], k: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    a = slow(gap, k)
    b = slow(v, k)
    return a, b
""")  # fmt: skip
    assert (found["a"], found["b"]) == ("m", "m/s")


def test_no_units_no_inference(tmp_path: Path) -> None:
    assert units(tmp_path, "@node\ndef main(x: Stream[f32]) -> Stream[f32]:\n    return x * x + x\n") == {}


def test_the_message_names_both_units_their_origins_and_the_edit(tmp_path: Path) -> None:
    (found,) = faults(tmp_path, """@node
def main(shown: Stream[KMH], v: Stream[V]) -> Stream[V]:
    wrong = fby(0.0, shown) + v
    return wrong
""")  # fmt: skip
    assert found.code == "T009" and found.span is not None
    assert found.message == "units do not match: this value is km/h, `v` is m/s"
    assert [label.text for label in found.secondary] == ["`shown` is declared in km/h", "`v` is declared in m/s"]
    assert found.help == 'convert one side: in_unit(v, "km/h", of="m/s")'


def test_a_fault_far_from_the_declarations_is_found(tmp_path: Path) -> None:
    text = "@node\ndef main(gap: Stream[M], v: Stream[V]) -> Stream[f32]:\n    x0 = gap + 1.0\n"
    text += "".join(f"    x{i + 1} = fby(0.0, x{i}) + {i}.0\n" for i in range(3000))
    text += "    return x3000 - v\n"
    (found,) = faults(tmp_path, text)
    assert found.span is not None and found.span.line == HEAD.count("\n") + 3 + 3000 + 1


def test_a_conversion_is_one_factor_and_the_rest_costs_nothing(tmp_path: Path) -> None:
    def exported(text: str) -> str:
        path = tmp_path / "program.py"
        path.write_text(HEAD + text, "utf-8")
        code = package(step_code(check_file(str(path)), flat=True)).files["src/main_.c"].decode()
        return "\n".join(line for line in code.splitlines() if "/*" not in line)

    plain = "@node\ndef main(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:\n    return x / y + 1.0\n"
    assert exported(plain) == exported(
        plain.replace("x: Stream[f32]", "x: Stream[M]").replace("y: Stream[f32]", "y: Stream[S]")
    )
    path = tmp_path / "program.py"
    path.write_text(HEAD + "@node\ndef main(x: Stream[KMH]) -> Stream[V]:\n    return in_unit(x, 'm/s')\n", "utf-8")
    program = check_file(str(path)).program
    trace = interpret(program, {"x": [36.0, 72.0]}, 2).trace
    assert trace.columns[-1].values.tolist() == [10.0, 20.0] and trace.columns[-1].unit == "m/s"


@pytest.mark.parametrize(
    ("expression", "unit", "value"),
    [
        ("in_unit(fby(0.0, where(x > 1.0, x, x + x)), 'm/s')", "m/s", 10.0),
        ("in_unit(x * t, 'km')", "km", 0.02),
        ("in_unit(d / t, 'km/h')", "km/h", 5.4),
        ("in_unit(hot, '°F')", "°F", 50.0),
        ("in_unit(where(x > 0.0, hot, hot + 1.0), 'K')", "K", 283.15),
        ("in_unit(a, 'rad')", "rad", 0.034906585),
    ],
)
def test_a_conversion_starts_from_the_unit_that_is_found(
    tmp_path: Path, expression: str, unit: str, value: float
) -> None:
    path = tmp_path / "program.py"
    text = f"""@node
def main(x: Stream[KMH], t: Stream[S], d: Stream[M], hot: Stream[Annotated[f32, Unit("°C")]],
         a: Stream[Annotated[f32, Unit("°")]]) -> Stream[f32]:
    return {expression}
"""
    path.write_text(HEAD + text, "utf-8")
    inputs = {"x": [36.0] * 2, "t": [2.0] * 2, "d": [3.0] * 2, "hot": [10.0] * 2, "a": [2.0] * 2}
    column = interpret(check_file(str(path)).program, inputs, 2).trace.columns[-1]
    assert column.unit == unit and column.values[1] == pytest.approx(value, rel=1e-6)


def test_the_fields_of_a_record_keep_their_units_in_a_register(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    text = """from syncml import Record
class Track(Record):
    gap: Stream[M]
    speed: Stream[KMH]
@node
def main(x: Stream[f32]) -> Stream[f32]:
    track = state(init=Track(gap=1.0, speed=36.0))
    track.next = Track(gap=track.gap + x, speed=track.speed)
    return in_unit(track.speed, "m/s")
"""
    path.write_text(HEAD + text, "utf-8")
    checked = check_file(str(path))
    found = interpret(checked.program, {"x": [0.0]}, 1).trace
    assert found.columns[-1].values.tolist() == [10.0]
    assert {c.name: c.unit for c in found.columns if c.unit} == {"track.gap": "m", "track.speed": "km/h", "out": "m/s"}
    (wrong,) = faults(tmp_path, text.replace("speed=track.speed", "speed=track.gap"))
    assert wrong.code == "T009"


def test_the_program_of_the_reference(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "units.md").read_text("utf-8")
    (block,) = parse_page("", page).blocks
    path = tmp_path / "program.py"
    path.write_text(block.text, "utf-8")
    checked = check_file(str(path))
    found = {v.name: str(u) for v, u in infer_units(checked.program, Collector())[checked.main.name].items()}
    assert (found["speed"], found["travelled"]) == ("m/s", "m")
