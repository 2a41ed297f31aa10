"""Faults sown in the examples by rule: one operator, comparison, number or connective replaced by its neighbour.

A mutant is *different* if a clause of its contract fails on a random run that meets the assumptions. Every mutant that
is different has to be refused by the compiler or reported by `verify` as violated, and none of them as proved.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

FILES = ("counter.py", "cruise.py", "door.py", "modes.py", "multirate.py", "steady.py")

SWAPS = (
    (r"<=", "<"), (r">=", ">"), (r"(?<![-<=>])<(?!=)", "<="), (r"(?<![-=>])>(?!=)", ">="),
    (r" \+ ", " - "), (r" - ", " + "), (r" \* ", " + "), (r" & ", " | "), (r" \| ", " & "),
    (r"\bTrue\b", "False"), (r"\bFalse\b", "True"), (r"\bminimum\(", "maximum("), (r"\bmaximum\(", "minimum("),
    (r"(?<![\w.])(\d+)(?![\w.])", r"(\1 + 1)"), (r"(?<![\w.])(\d+\.\d+)(?!\w)", r"(\1 * 2.0)"), (r"~", ""),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Edit:
    """One example with one edit."""

    file: str
    line: int
    text: str
    source: str

    @property
    def name(self) -> str:
        """The place and the line as it is now."""
        return f"{self.file}:{self.line}: {self.text}"


def edits(file: str) -> Iterator[Edit]:
    """The mutants of an example, in the order of its lines; contracts and declarations stay as they are."""
    lines = (EXAMPLES / file).read_text("utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        code = line.strip()
        if not line.startswith("    ") or not code or code[0] in "#\"'" or "def " in code or "->" in code:
            continue
        if re.match(r"(assume|require|ensure|invariant|import|from|class|@|\"\"\")", code):
            continue
        for pattern, replacement in SWAPS:
            for match in re.finditer(pattern, line):
                new = line[: match.start()] + match.expand(replacement) + line[match.end() :]
                yield Edit(file, number, new.strip(), "\n".join([*lines[: number - 1], new, *lines[number:]]) + "\n")
