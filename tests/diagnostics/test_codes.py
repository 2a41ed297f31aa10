"""The table of codes is neither too small nor too large."""

from __future__ import annotations

import re
from pathlib import Path

from syncml.diagnostics import CODES, Family

LITERAL = re.compile(rf'"([{"".join(family.value for family in Family)}]\d{{3}})"')


def test_the_codes_of_the_table_are_those_that_are_reported(project_root: Path) -> None:
    package = project_root / "syncml"
    table = package / "diagnostics" / "codes.py"
    used = {
        code for path in package.rglob("*.py") if path != table for code in LITERAL.findall(path.read_text("utf-8"))
    }
    assert used == set(CODES)
