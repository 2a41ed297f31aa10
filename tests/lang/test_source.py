"""Places and names, on every Python that the project supports and where no source is."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from syncml.lang.load import load_program

ROOT = Path(__file__).resolve().parents[2]

# The module under test needs the standard library and the diagnostic model only, so other Pythons need no packages.
SCRIPT = """
import importlib.util, json, sys, types
root = sys.argv[1]
for name in ("syncml", "syncml.lang", "syncml.diagnostics"):
    module = types.ModuleType(name)
    module.__path__ = [root + "/" + name.replace(".", "/")]
    sys.modules[name] = module
from syncml.lang import source

class Probe:
    def _seen(self, *_):
        frame = sys._getframe(1)
        while frame.f_code.co_filename == __file__:
            frame = frame.f_back
        place = source.place_of(frame)
        span = place.span
        found.append([span.line, span.column, span.end_line, span.end_column, list(place.names), place.base,
                      place.returned, type(place.node).__name__])
        return self
    __add__ = __radd__ = __lt__ = __gt__ = __neg__ = __getitem__ = __matmul__ = method = __call__ = _seen
    def __bool__(self):
        self._seen()
        return True
    next = property(_seen, lambda self, value: [self._seen()].clear())

found = []
program = sys.argv[2]
text = open(program, encoding="utf-8").read()
scope = {"x": Probe(), "f": Probe()}
exec(compile(text, program, "exec"), scope)
print(json.dumps(found))
"""

PROGRAM = """\
a = x + 1
b: object = f(x)
c = f(x + 2)
d, e = f(x), -x
g = h = x[0]
x.next = x @ x
α = "é" and x + 3
a += x
if (w := x < 1):
    pass
i = 0 < x < 5
j = [x + k for k in range(1)]
l = (x
     .method(1)
     .method(
         2))
def helper(y):
    return y + 1
m = helper(x)
"""


def places(python: str, tmp_path: Path) -> list[list[object]]:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, "utf-8")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    run = subprocess.run([python, str(script), str(ROOT), str(program)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


EXPECTED = [
    [1, 5, 1, 10, ["a"], "", False, "BinOp"],
    [2, 13, 2, 17, ["b"], "", False, "Call"],
    [3, 7, 3, 12, [], "c", False, "BinOp"],
    [3, 5, 3, 13, ["c"], "", False, "Call"],
    [4, 8, 4, 12, ["d"], "", False, "Call"],
    [4, 14, 4, 16, ["e"], "", False, "UnaryOp"],
    [5, 9, 5, 13, ["g"], "", False, "Subscript"],
    [6, 10, 6, 15, ["x_next"], "", False, "BinOp"],
    [6, 1, 6, 7, [], "", False, "Attribute"],
    [7, 13, 7, 18, [], "α", False, "BinOp"],
    [8, 1, 8, 7, ["a"], "", False, "AugAssign"],
    [9, 10, 9, 15, ["w"], "", False, "Compare"],
]


def other_pythons() -> list[str]:
    found = [sys.executable]
    for minor in (11, 12, 13, 14):
        name = shutil.which(f"python3.{minor}")
        if name is None or minor == sys.version_info.minor:
            continue
        # A version manager may offer a name that it cannot run here.
        if subprocess.run([name, "-c", ""], capture_output=True).returncode == 0:
            found.append(name)
    return found


@pytest.mark.parametrize("python", other_pythons())
def test_places_and_names(python: str, tmp_path: Path) -> None:
    found = places(python, tmp_path)
    assert found[: len(EXPECTED)] == EXPECTED
    rest = {tuple(map(str, (*place[:4], place[4], place[5], place[6]))) for place in found[len(EXPECTED) :]}
    wanted = {
        (11, 5, 11, 14, "['i']", "", False),  # The chained comparison and its truth value.
        (12, 6, 12, 11, "[]", "j", False),
        (18, 12, 18, 17, "[]", "", True),
    }
    assert {tuple(map(str, place)) for place in wanted} <= rest
    methods = [place for place in found if place[7] == "Call" and place[4] == ["l"]]
    assert [place[3] for place in methods] == [12], "the last call of a chain over several lines has the name"


def test_a_program_without_source_has_columns_and_no_names(tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text(
        "text = '''from syncml import *\\n@node\\ndef f(x: Stream[f32]) -> Stream[f32]:\\n    y = x + 1.0\\n"
        "    return y * x\\n'''\n"
        "exec(compile(text, '<cell>', 'exec'))\n"
        "from syncml.lang.load import program_of\n"
        "n = program_of(f).nodes[0]\n"
        "print([(e.target.name, e.span.line, e.span.column) for e in n.equations])\n"
        "from syncml import Stream\n"
    )
    run = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, env={"PYTHONPATH": str(ROOT), "PATH": ""}
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == "[('add', 4, 9), ('out', 5, 12)]\n"


def test_guards_work_without_a_source() -> None:
    code = (
        "from syncml import *\n@node\ndef f(x: Stream[f32]) -> Stream[f32]:\n"
        "    if x > 0.0:\n        return x\n    return -x\n"
        "from syncml.lang.load import program_of\n"
        "from syncml.diagnostics import DiagnosticError\n"
        "try:\n    program_of(f)\nexcept DiagnosticError as fault:\n    print([d.code for d in fault.diagnostics])\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": str(ROOT)})
    assert run.stdout == "['L001']\n", run.stderr


def test_tracing_takes_microseconds_for_each_operation(tmp_path: Path) -> None:
    lines = "\n".join(f"    x = x * 0.5 + {n}.0" for n in range(2000))
    program = tmp_path / "long.py"
    program.write_text(
        "from syncml import *\n@node\ndef main(x: Stream[f32]) -> Stream[f32]:\n" + lines + "\n    return x\n"
    )
    start = time.process_time()
    equations = len(load_program(program).nodes[0].equations)
    assert equations == 4000
    # About 50 us each, parsing included; several times that is a mistake such as a search through the whole file.
    assert (time.process_time() - start) / equations < 300e-6


def test_a_loop_of_many_equations_does_not_nest(tmp_path: Path) -> None:
    program = tmp_path / "deep.py"
    program.write_text(
        "from syncml import *\n@node\ndef main(x: Stream[f32]) -> Stream[f32]:\n"
        "    for _ in range(20_000):\n        x = x + 1.0\n    return x\n"
    )
    assert len(load_program(program).nodes[0].equations) == 20_000
