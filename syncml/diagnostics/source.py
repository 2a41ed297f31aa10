"""Access to the user's source text, and how wide it is on a terminal."""

from __future__ import annotations

import os
import tokenize
import unicodedata
from dataclasses import field
from pathlib import Path

from syncml.dataclass import dataclass

TAB_STOP = 4


@dataclass(slots=True)
class Sources:
    """The lines of source files, read once; a file that cannot be read has no lines.

    `texts` holds sources that are not files, such as a cell of a notebook, under the name that
    their spans carry.
    """

    texts: dict[str, str] = field(default_factory=dict[str, str])
    _lines: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def line(self, file: str, number: int) -> str | None:
        """Return one line without its line break, or `None` where there is no such line."""
        if file not in self._lines:
            text = self.texts[file] if file in self.texts else _read(file)
            # Only \n, \r\n and \r end a line of Python; str.splitlines knows many more.
            self._lines[file] = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        lines = self._lines[file]
        return lines[number - 1] if number <= len(lines) and lines != [""] else None


def _read(file: str) -> str:
    try:
        with tokenize.open(file) as stream:
            return stream.read()
    except (OSError, SyntaxError, ValueError):
        pass
    try:
        data = Path(file).read_bytes()
    except (OSError, ValueError):
        return ""
    # A file with NUL bytes is no text: a network or an archive has no line to show.
    return "" if b"\0" in data else data.decode("utf-8", errors="replace")


def shown_path(file: str) -> str:
    """Return `file` relative to the current folder if it lies inside, else unchanged."""
    try:
        return str(Path(file).relative_to(Path.cwd()))
    except (OSError, ValueError):
        return file


def uri_path(file: str) -> str:
    """Return `shown_path(file)` with forward slashes, as URIs and annotations want it."""
    return shown_path(file).replace(os.sep, "/")


def visible(line: str) -> tuple[str, list[int]]:
    """Make a line safe to print, and measure it.

    Returns the text with tabs expanded and control characters replaced, and for each character of
    `line` the terminal column it starts at, followed by the width of the whole line.
    """
    shown: list[str] = []
    starts: list[int] = []
    width = 0
    for char in line:
        starts.append(width)
        if char == "\t":
            advance = TAB_STOP - width % TAB_STOP
            shown.append(" " * advance)
        elif unicodedata.category(char) in ("Cc", "Cs"):
            advance = 1
            shown.append("\N{REPLACEMENT CHARACTER}")
        else:
            advance = _width(char)
            shown.append(char)
        width += advance
    starts.append(width)
    return "".join(shown), starts


def _width(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
