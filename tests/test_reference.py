"""The programs in the reference pages of the static analyses, and the messages printed beside them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from syncml.cli.app import app
from syncml.diagnostics import DiagnosticError
from syncml.diagnostics.render import Format, render
from syncml.pipeline import check_file

PAGES = ("clocks.md", "causality.md")
REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"
BLOCK = re.compile(r"^```python (ok|fail)\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)

BLOCKS = [
    pytest.param(*found.groups(), id=f"{page}-{number}")
    for page in PAGES
    for number, found in enumerate(BLOCK.finditer((REFERENCE / page).read_text("utf-8")))
]


SCRIPT = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SCRIPTS = [(page, script) for page in PAGES for script in SCRIPT.findall((REFERENCE / page).read_text("utf-8"))]


def check_text(target: str) -> str:
    """What `syncml check` prints for a program."""
    run = CliRunner().invoke(app, ["check", target])
    assert run.exit_code == 0, run.output
    return run.output


@pytest.mark.parametrize(("page", "script"), SCRIPTS)
def test_a_script_runs(page: str, script: str) -> None:
    exec(compile(script, page, "exec"), {})


def test_every_page_has_programs() -> None:
    assert len(BLOCKS) == 12


@pytest.mark.parametrize(("kind", "program", "message"), BLOCKS)
def test_a_program_is_what_the_page_says(
    kind: str, program: str, message: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("program.py").write_text(program, "utf-8")
    if kind == "ok":
        assert (message or "") in check_text("program.py")
        return
    with pytest.raises(DiagnosticError) as caught:
        check_file("program.py")
    assert render(caught.value.diagnostics, Format.TEXT, version="0") == message
