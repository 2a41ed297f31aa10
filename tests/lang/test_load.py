"""Finding the main node, settings, siblings, and every way in which a file can fail."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from syncml.diagnostics import Diagnostic, DiagnosticError
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Call
from syncml.lang.load import load_program, program_of, split_target

HEAD = "import enum\nfrom typing import Any\nfrom pathlib import Path\nfrom syncml import *\n"


def write(folder: Path, text: str, name: str = "program.py") -> Path:
    path = folder / name
    path.write_text(HEAD + text, "utf-8")
    return path


def faults(path: Path | str, settings: dict[str, str] | None = None) -> tuple[Diagnostic, ...]:
    with pytest.raises(DiagnosticError) as caught:
        load_program(path, settings)
    return caught.value.diagnostics


TWO = """
@node
def one(x: Stream[f32]) -> Stream[f32]:
    return x + 1.0

@node
def two(x: Stream[f32]) -> Stream[f32]:
    return x + 2.0
"""


def test_the_main_node_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, TWO)
    assert load_program(f"{path}:two").main == "two"
    assert [node.name for node in load_program(f"{path}:one").nodes] == ["one"]


def test_the_main_node_is_the_attribute_main(tmp_path: Path) -> None:
    assert load_program(write(tmp_path, TWO + "\nmain = two\n")).main == "two"


def test_the_main_node_is_the_one_that_no_other_calls(tmp_path: Path) -> None:
    path = write(tmp_path, TWO.replace("x + 1.0", "two(x) + two(-x)"))
    program = load_program(path)
    assert program.main == "one"
    assert [node.name for node in program.nodes] == ["two", "one"]


def test_a_parametric_node_is_no_candidate(tmp_path: Path) -> None:
    text = """
@node
def unused(x: Stream[f32], gain: float) -> Stream[f32]:
    return x * gain

@node
def sized(x: Stream[Vec[Any]]) -> Stream[f32]:
    return x.sum()

@node
def main_node(x: Stream[f32]) -> Stream[f32]:
    return x
"""
    assert load_program(write(tmp_path, text)).main == "main_node"


def test_an_unknown_name_suggests_a_known_one(tmp_path: Path) -> None:
    (found,) = faults(f"{write(tmp_path, TWO)}:tow")
    assert found.code == "L009"
    assert found.help == "did you mean `two`?"


def test_a_node_imported_from_elsewhere_is_no_candidate(tmp_path: Path) -> None:
    write(tmp_path, TWO, "helper.py")
    path = write(
        tmp_path, "from helper import one\n@node\ndef mine(x: Stream[f32]) -> Stream[f32]:\n    return one(x)\n"
    )
    program = load_program(path)
    assert [node.name for node in program.nodes] == ["one", "mine"]
    assert "helper" not in sys.modules


def test_a_helper_hides_a_module_of_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host, inner = ModuleType("helper"), ModuleType("helper.part")
    host.__file__ = inner.__file__ = str(tmp_path / "elsewhere" / "helper.py")
    monkeypatch.setitem(sys.modules, "helper", host)
    monkeypatch.setitem(sys.modules, "helper.part", inner)
    write(tmp_path, TWO, "helper.py")
    path = write(tmp_path, "from helper import one\n@node\ndef f(x: Stream[f32]) -> Stream[f32]:\n    return one(x)\n")
    assert load_program(path).main == "f"
    assert sys.modules["helper"] is host and sys.modules["helper.part"] is inner
    write(tmp_path, "import helper.part\n", "wrong.py")
    assert [found.code for found in faults(tmp_path / "wrong.py")] == ["L018"]
    assert sys.modules["helper"] is host and sys.modules["helper.part"] is inner


def test_a_folder_of_helpers_hides_one_of_the_process_and_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = ModuleType("parts")
    host.__path__ = [str(tmp_path / "elsewhere")]
    monkeypatch.setitem(sys.modules, "parts", host)
    (tmp_path / "parts").mkdir()
    write(tmp_path / "parts", TWO, "helper.py")
    text = "from parts.helper import one\n@node\ndef f(x: Stream[f32]) -> Stream[f32]:\n    return one(x)\n"
    assert load_program(write(tmp_path, text)).main == "f"
    assert sys.modules["parts"] is host and "parts.helper" not in sys.modules


def test_a_fault_inside_a_layer_is_at_the_line_that_calls_it(tmp_path: Path) -> None:
    text = """
import numpy as np
from syncml.nodes.neural import MLP, relu
LAYERS = {"0.weight": np.ones((2, 2)), "0.bias": np.ones(2)}
@node
def f(x: Stream[Vec[3]]) -> Stream[f32]:
    small = MLP.of(LAYERS, relu)
    return small(x)[0]
"""
    path = write(tmp_path, text)
    (found,) = faults(path)
    assert found.code == "T002" and found.span is not None
    line = found.span.line
    assert path.read_text().splitlines()[line - 1].strip() == "return small(x)[0]"
    assert found.secondary[0].span.file.endswith("syncml/nodes/recurrences.py")
    assert str(tmp_path) not in sys.path


def test_siblings_of_one_name_do_not_meet(tmp_path: Path) -> None:
    values: list[object] = []
    for number in (1.0, 2.0):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "gains.py").write_text(f"K = {number}\n")
        path = write(folder, "import gains\n@node\ndef f(x: Stream[f32]) -> Stream[f32]:\n    return x * gains.K\n")
        rhs = load_program(path).nodes[0].equations[0].rhs
        assert isinstance(rhs, Apply)
        constant = rhs.arguments[1]
        assert isinstance(constant, Const)
        values.append(constant.value)
    assert values == [1.0, 2.0]


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    for name in ("abc", "xyz"):
        path = write(
            tmp_path, f"@node\ndef f(x: Stream[f32]) -> Stream[f32]:\n    {name} = x + 1.0\n    return {name}\n"
        )
        assert load_program(path).nodes[0].outputs[0].name == name


SETTINGS = """
class Kind(enum.Enum):
    MLP = 1
    GRU = 2

GAIN = param("gain", 1.5, help="of the controller")
COUNT = param("count", 2)
FAST = param("fast", False)
KIND = param("kind", Kind.MLP)
FILE = param("file")
PLACE = param("place", Path("a"))

@node
def main(x: Stream[f32], order: int = 1) -> Stream[f32]:
    print(GAIN, COUNT, FAST, KIND.name, FILE, PLACE, order)
    return x
"""


def test_settings_have_the_type_of_the_default(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, SETTINGS)
    load_program(path)
    settings = {"gain": "2", "count": "3", "fast": "true", "kind": "GRU", "file": "w.npz", "place": "b/c", "order": "7"}
    load_program(path, settings)
    assert capsys.readouterr().out.splitlines() == ["1.5 2 False MLP None a 1", "2.0 3 True GRU w.npz b/c 7"]


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("gain", "fast", "expected a number"),
        ("count", "1.5", "expected a whole number"),
        ("fast", "maybe", "expected true or false"),
        ("kind", "LSTM", "expected one of MLP, GRU"),
        ("order", "x", "expected a whole number"),
    ],
)
def test_a_setting_of_the_wrong_type(tmp_path: Path, name: str, value: str, wanted: str) -> None:
    (found,) = faults(write(tmp_path, SETTINGS), {name: value})
    assert found.code == "L015"
    assert wanted in found.message


def test_an_unknown_setting_lists_the_known_ones(tmp_path: Path) -> None:
    (found,) = faults(write(tmp_path, SETTINGS), {"gian": "2"})
    assert (found.code, found.help) == ("L015", "did you mean `gain`?")
    assert "count=2" in found.notes[0] and "order=1" in found.notes[0]


def test_a_required_parameter_is_set(tmp_path: Path) -> None:
    path = write(tmp_path, "@node\ndef f(x: Stream[f32], gain: float) -> Stream[f32]:\n    return x * gain\n")
    (found,) = faults(path)
    assert found.code == "L015"
    rhs = load_program(path, {"gain": "2.5"}).nodes[0].equations[0].rhs
    assert isinstance(rhs, Apply)
    assert rhs.arguments[1] == Const(2.5, rhs.arguments[1].type)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("x = = 1\n", 1, "SyntaxError: invalid syntax"),
        ("def f(:\n", 1, "SyntaxError: invalid syntax"),
        ("if True:\nx = 1\n", 2, "IndentationError: expected an indented block after 'if' statement on line 1"),
        ("\nraise RuntimeError('weights are missing')\n", 2, "RuntimeError: weights are missing"),
        ("import sys\nsys.exit(3)\n", 2, "SystemExit: 3"),
        ("from syncml import nothing\n", 1, "ImportError: cannot import name 'nothing' from 'syncml'"),
        ("open('no such file')\n", 1, "FileNotFoundError: [Errno 2] No such file or directory: 'no such file'"),
    ],
)
def test_what_the_module_raises_is_at_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    path = tmp_path / "program.py"
    path.write_text(text)
    (found,) = faults(path)
    assert found.code == "L018"
    assert found.message.startswith(message)
    assert found.span is not None
    assert (found.span.file, found.span.line) == (str(path), line)


def test_a_fault_in_a_sibling_is_at_the_siblings_line(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("\nvalue = 1 / 0\n")
    (found,) = faults(write(tmp_path, "import helper\n"))
    assert found.code == "L018"
    assert found.span is not None
    assert (found.span.file, found.span.line) == (str(tmp_path / "helper.py"), 2)
    assert [label.span.line for label in found.secondary] == [5]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert [found.code for found in faults(tmp_path / "none.py")] == ["D001"]
    assert [found.code for found in faults(tmp_path)] == ["D001"]


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_bytes(b"\xff\xfe\x00x")
    assert [found.code for found in faults(path)] == ["L018"]


def test_targets() -> None:
    assert split_target("a/b.py:node") == (Path("a/b.py").resolve(), "node")
    assert split_target("a/b.py") == (Path("a/b.py").resolve(), "")


def test_a_program_of_a_node_in_a_script() -> None:
    from tests.lang.nodes import scaled

    program = program_of(scaled, gain=3.0)
    assert program.main == "scaled"
    with pytest.raises(DiagnosticError, match="L015"):
        program_of(scaled)


def test_an_exception_in_one_node_does_not_hide_faults_of_another(tmp_path: Path) -> None:
    text = """
@node
def a(x: Stream[f32]) -> Stream[f32]:
    return x + {}["k"]

@node
def b(x: Stream[f32]) -> Stream[f32]:
    return x + True

@node
def c(x: Stream[f32]) -> Stream[f32]:
    return a(x) + b(x) + (x & x)
"""
    assert [found.code for found in faults(write(tmp_path, text))] == ["L018", "T001", "T006"]


def test_the_order_of_nodes_is_callees_first(tmp_path: Path) -> None:
    text = "\n".join(
        f"@node\ndef n{i}(x: Stream[f32]) -> Stream[f32]:\n    return "
        + (f"n{i + 1}(x) + n{i + 2}(x)" if i < 8 else "x")
        for i in range(10)
    )
    program = load_program(write(tmp_path, text))
    seen: set[str] = set()
    for node in program.nodes:
        assert {e.rhs.node for e in node.equations if isinstance(e.rhs, Call)} <= seen
        seen.add(node.name)
    assert program.nodes[-1].name == program.main == "n0"
