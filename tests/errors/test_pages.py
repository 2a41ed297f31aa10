"""The pages of the diagnostic codes are their own tests."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from syncml.cli import main
from syncml.diagnostics import CODES, DiagnosticError, Family
from syncml.diagnostics.pages import Block, Expectation, Page, page_text, parse_page

PAGES = Path(__file__).resolve().parents[2] / "syncml" / "diagnostics" / "pages"

# What is only remarked does not fail the command.
WARNINGS = {"G012", "I002", "S005", "S006", "S019", "T008", "V006", "V007"}

# A mistake of syncml has no program that shows it. Whether a package is absent depends on the machine, and so does how
# its processes end and whether it computes what another one did; what is undecided depends on its speed.
WITHOUT_PROGRAM = {"D006", "S015", "S016", "V005"} | {
    code for code, entry in CODES.items() if entry.family is Family.INTERNAL
}


def page(code: str) -> Page:
    return parse_page(code, page_text(code))


BLOCKS = [
    pytest.param(code, block, id=f"{code}-{block.language}-{block.expectation}")
    for code in CODES
    if (PAGES / f"{code}.md").is_file()
    for block in page(code).blocks
]


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == set(CODES)


def test_the_index_lists_every_code(project_root: Path) -> None:
    index = (project_root / "docs" / "errors" / "README.md").read_text("utf-8")
    listed = re.findall(r"^- \[(\w+)\]\((.+)\): (.+)$", index, re.MULTILINE)
    assert listed == [(code, f"../../syncml/diagnostics/pages/{code}.md", entry.title) for code, entry in CODES.items()]


@pytest.mark.parametrize("code", CODES)
def test_a_page_has_the_title_of_its_code_and_both_programs(code: str) -> None:
    parsed = page(code)
    assert parsed.heading == f"{code}: {CODES[code].title}"
    expectations = {block.expectation for block in parsed.blocks}
    assert expectations == (set() if code in WITHOUT_PROGRAM else set(Expectation))


def codes_of_program(path: Path) -> set[str]:
    """Check a program and return the codes of its faults."""
    from syncml.pipeline import check_file

    try:
        check_file(str(path))
    except DiagnosticError as fault:
        return {found.code for found in fault.diagnostics}
    return set()


def codes_of_command_lines(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[set[str], set[int]]:
    """Run the command lines of a block; return the codes that they print and their exit codes."""
    ends: set[int] = set()
    for line in text.splitlines():
        prompt, command, *arguments = shlex.split(line)
        assert (prompt, command) == ("$", "syncml"), line
        monkeypatch.setattr(sys, "argv", [command, *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        ends.add(int(ended.value.code or 0))
    printed = "".join(capsys.readouterr())
    found = set(re.findall(r"^(?:error|warning|note)\[(\w+)\]", printed, re.MULTILINE))
    return found, ends


@pytest.mark.parametrize(("code", "block"), BLOCKS)
def test_a_block_shows_what_it_says(
    code: str,
    block: Block,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    expected = {code} if block.expectation is Expectation.FAIL else set()
    monkeypatch.chdir(tmp_path)
    for name, text in page(code).files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    if block.language == "console":
        found, ends = codes_of_command_lines(block.text, monkeypatch, capsys)
        assert (0 not in ends) == (block.expectation is Expectation.FAIL and code not in WARNINGS), ends
    else:
        program = tmp_path / "program.py"
        program.write_text(block.text, "utf-8")
        found = codes_of_program(program)
    assert found == expected
