"""The page of each code: what it means, a program that fails and the same program repaired.

A page is Markdown. Its fenced blocks say in their information string what they are:

- `python fail`: a program that is rejected with exactly this code;
- `python ok`: the repaired program, which is accepted;
- `console fail`, `console ok`: command lines, for faults that lie outside a program;
- `LANGUAGE file=NAME`: a file that the command lines read.

The same blocks are the tests of the page (tests/errors/test_pages.py).
"""

from __future__ import annotations

import enum
import re
from importlib import resources

from syncml.dataclass import dataclass
from syncml.diagnostics.codes import CODES

_FENCE = re.compile(r"^```(?P<info>[^\n`]+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


class Expectation(enum.StrEnum):
    """What running a block must show."""

    FAIL = "fail"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Block:
    """A block that is run."""

    language: str
    expectation: Expectation
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page, taken apart."""

    code: str
    heading: str
    blocks: tuple[Block, ...]
    files: tuple[tuple[str, str], ...]


def page_text(code: str) -> str:
    """Return the Markdown of the page of a known code."""
    return resources.files("syncml.diagnostics").joinpath("pages", f"{CODES[code].code}.md").read_text("utf-8")


def parse_page(code: str, text: str) -> Page:
    """Take a page apart."""
    blocks: list[Block] = []
    files: list[tuple[str, str]] = []
    for fence in _FENCE.finditer(text):
        language, _, role = fence["info"].strip().partition(" ")
        if role in tuple(Expectation):
            blocks.append(Block(language, Expectation(role), fence["body"]))
        elif role.startswith("file="):
            files.append((role.removeprefix("file="), fence["body"]))
    heading = text.partition("\n")[0].removeprefix("# ")
    return Page(code, heading, tuple(blocks), tuple(files))
