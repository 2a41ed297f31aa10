"""Names of source files in exported C: the same wherever the project and the library lie."""

from __future__ import annotations

import re
from pathlib import Path

from syncml.export_c import package
from syncml.pipeline import check_file, step_code

PROGRAM = """
import numpy as np
from parts.gains import gain
from syncml import Stream, f32, node, vec
from syncml.nodes.neural import MLP, relu

WEIGHTS = {"0.weight": np.ones((2, 2)), "0.bias": np.ones(2)}

@node
def main(x: Stream[f32]) -> Stream[f32]:
    smooth = MLP.of(WEIGHTS, relu)(vec(x, x))[0]
    return gain(smooth)
"""
HELPER = """
from syncml import Stream, f32, node, state

@node
def gain(x: Stream[f32]) -> Stream[f32]:
    total = state(init=0.0)
    total.next = total + x
    return total
"""


def _exported(folder: Path, *, flat: bool) -> dict[str, bytes]:
    (folder / "parts").mkdir(parents=True)
    (folder / "parts" / "gains.py").write_text(HELPER)
    (folder / "program.py").write_text(PROGRAM)
    return dict(package(step_code(check_file(str(folder / "program.py")), flat=flat)).files)


def test_the_bytes_do_not_depend_on_the_folder(tmp_path: Path) -> None:
    for flat in (False, True):
        one = _exported(tmp_path / f"one{flat}", flat=flat)
        other = _exported(tmp_path / "far" / "below" / f"another{flat}", flat=flat)
        assert one == other


def test_sources_are_named_from_the_program_and_from_the_library(tmp_path: Path) -> None:
    text = _exported(tmp_path / "p", flat=False)["src/main_.c"].decode()
    named = set(re.findall(r"([\w./]+\.py):\d", text))
    assert named == {"program.py", "parts/gains.py", "syncml/nodes/neural.py", "syncml/nodes/recurrences.py"}
