"""Each block of the reference of the language is a program; the imports are those of the first of its page."""

from __future__ import annotations

from pathlib import Path

import pytest

import syncml
from syncml.diagnostics.pages import parse_page
from syncml.pipeline import check_file

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
PAGES = {
    name: (REFERENCE / f"{name}.md").read_text("utf-8")
    for name in ("language", "arrays", "external", "iterators", "library", "modes")
}
BLOCKS = {
    name: [block.text for block in parse_page("", text).blocks if "@node" in block.text] for name, text in PAGES.items()
}


@pytest.mark.parametrize(("page", "number"), [(page, n) for page, blocks in BLOCKS.items() for n in range(len(blocks))])
def test_a_block_is_a_program(page: str, number: int, tmp_path: Path) -> None:
    program, blocks = tmp_path / "program.py", BLOCKS[page]
    imports = blocks[0][: blocks[0].index("@node")]
    program.write_text(blocks[number] if number == 0 else imports + blocks[number], "utf-8")
    assert check_file(str(program)).main.outputs


def test_every_public_name_is_explained() -> None:
    kinds = {"Node", "State", "Wire", "Duration", "Automaton", "Shared", "Switch"}
    machine = {"i16", "i32", "u16", "u32"}
    reference = "".join(page.read_text("utf-8") for page in REFERENCE.glob("*.md"))
    missing = [name for name in syncml.__all__ if name not in reference and name not in kinds | machine]
    assert missing == []
