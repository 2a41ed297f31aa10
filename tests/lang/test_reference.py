"""Each block of the reference of the language is a program; the imports are those of the first."""

from __future__ import annotations

from pathlib import Path

import pytest

import syncml
from syncml.diagnostics.pages import parse_page
from syncml.pipeline import check_file

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "language.md").read_text("utf-8")
BLOCKS = [block.text for block in parse_page("", TEXT).blocks]
IMPORTS = BLOCKS[0][: BLOCKS[0].index("@node")]


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_is_a_program(number: int, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(BLOCKS[number] if number == 0 else IMPORTS + BLOCKS[number], "utf-8")
    assert check_file(str(program)).main.outputs


def test_every_public_name_is_explained() -> None:
    kinds = {"Node", "State", "Wire", "Duration"}
    machine = {"i16", "i32", "u16", "u32"}
    missing = [name for name in syncml.__all__ if name not in TEXT and name not in kinds | machine]
    assert missing == []
