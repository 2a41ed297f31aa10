"""The lexer: text to tokens with places, and the dialect that the text is written in.

Rule: a token is an identifier (``Package::name`` is one), a number, a string, a keyword or a sign. Comments are
skipped, but those of Kind 2 that speak (``--%MAIN``, ``--%PROPERTY``, ``(*@contract ... *)`` and their ``!`` forms)
are tokens. Words of contracts (``assume``, ``mode``, ...) are identifiers here; the parser knows where they are more.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from enum import Enum

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, Span, error


class Kind(Enum):
    """What a token is."""

    NAME = "a name"
    INTEGER = "an integer"
    REAL = "a real number"
    STRING = "a string"
    WORD = "a keyword"
    SIGN = "a sign"
    END = "the end of the file"


class Dialect(Enum):
    """Whose Lustre a file is written in; it decides priorities of operators and the convention of division."""

    V6 = "v6"
    """Lustre V4 and V6."""
    KIND2 = "kind2"
    VELUS = "velus"


@dataclass(frozen=True, slots=True)
class Token:
    """A token and its place."""

    kind: Kind
    text: str
    span: Span


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


_COMMON = words(
    "and assert const current div else enum false fby function if let merge mod node not or pre returns "
    "tel then true type var when xor with"
)
_OF_DIALECT = {
    Dialect.V6: _COMMON
    | words("extern nor operator package model needs provides uses is body end include step struct unsafe"),
    Dialect.KIND2: _COMMON
    | words(
        "imported struct condact activate restart every initial default subrange of frame elsif fi check "
        "contract import forall exists last end any choose datatype opaque transparent con noc param match "
        "lemma in subtype cond otherwise auto reachable invariant provided"
    ),
    Dialect.VELUS: _COMMON
    | words("every last switch automaton reset whenot case do done of end external restart local"),
}

SPEAKING = {
    "--%MAIN": "%MAIN", "--!MAIN": "%MAIN", "--%PROPERTY": "%PROPERTY", "--!PROPERTY": "%PROPERTY",
}  # fmt: skip
"""Comments to the end of the line that speak."""

_OPENING = re.compile(r"(\(\*|/\*)(@contract\b|[%!]MAIN\b|[%!]PROPERTY\b)")
_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n\f]+)"
    r"|(?P<speak>--[%!](?:MAIN|PROPERTY)\b)"
    r"|(?P<line>--[^\n]*)"
    r"|(?P<open>\(\*|/\*)"
    r"|(?P<close>\*\)|\*/)"
    r"|(?P<hexadecimal>0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?\d+"
    r"|0[xX](?:[0-9a-fA-F]+\.(?!\.)[0-9a-fA-F]*|\.[0-9a-fA-F]+))"
    r"|(?P<real>\d+\.\d+(?:[eE][+-]?\d+)?|\d+\.(?![.\d])(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)"
    r"|(?P<int>0[xX][0-9a-fA-F]+|\d+)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_'~]*(?:::[A-Za-z_][A-Za-z0-9_']*)?)"
    r'|(?P<string>"[^"]*")'
    r"|(?P<sign><<|>>|->|==>|=>|<=|>=|<>|::|:=|\.\.|\*\*|[-+*/%^#=<>()\[\]{}.,;:|&!?@'])"
)
_MARKS = {
    Dialect.VELUS: {
        "float": r"\bfloat(?:32|64)\b",
        "whenot": r"\bwhenot\b",
        "external": r"\bexternal\b",
        "onot": r"\bonot\b",
        "do": r"\bdo\b(?=[^;]*=)",
        "automaton": r"\bautomaton\s+initially\b",
        "::": r"::\s*\.",
        "every": r"\)\s*every\b",
        "type": r"\btype\s+\w+\s*=\s*\|?\s*[A-Z]\w*\s*\|",
        "=>": r"=>\s*[^;)]*\)\s*\(\s*[A-Z]\w*\s*=>|\(\s*true\s*=>",
    },
    Dialect.KIND2: {
        "": r"[%!](?:MAIN|PROPERTY)\b|@contract\b|^\s*(?:contract|check|guarantee)\b|\b(?:imported|subrange|activate"
        r"|restart|frame|con|u?int(?:8|16|32|64))\b"
    },
}
"""What only a dialect writes; each pattern is tried where the text before it is found, which takes no time."""


def keywords(dialect: Dialect) -> frozenset[str]:
    """The words that are no names in a dialect."""
    return _OF_DIALECT[dialect]


def dialect_of(text: str) -> Dialect:
    """The dialect whose own words ``text`` uses; V6 if it uses none."""
    bare = re.sub(r"--(?![%!]).*|\(\*(?![@%!])(?:.|\n)*?\*\)|/\*(?![@%!])(?:.|\n)*?\*/", "", text)
    for dialect, marks in _MARKS.items():
        if any(sign in bare and re.search(mark, bare, re.MULTILINE) for sign, mark in marks.items()):
            return dialect
    return Dialect.V6


class Lexer:
    """Tokens of one file."""

    def __init__(self, file: str, text: str, dialect: Dialect) -> None:
        self._file = file
        self._text = text
        self._words = _OF_DIALECT[dialect]
        self._starts = [0, *(m.end() for m in re.finditer("\n", text))]

    def tokens(self) -> list[Token]:
        """All tokens, the last one being the end.

        Raises:
            DiagnosticError: R001 for a character or a comment that is no Lustre.
        """
        found: list[Token] = []
        position = 0
        closing: list[str] = []
        while position < len(self._text):
            match = _TOKEN.match(self._text, position)
            if match is None:
                raise self._fault(position, f"{self._text[position]!r} is no part of Lustre", "remove the character")
            kind, text = match.lastgroup, match.group()
            speaking = _OPENING.match(self._text, position) if kind == "open" else None
            if speaking is not None:
                found.append(self._token(Kind.WORD, "%" + speaking.group(2)[1:], position, speaking.end()))
                closing.append("*)" if speaking.group(1) == "(*" else "*/")
                position = speaking.end()
                continue
            if kind == "open":
                end = self._text.find("*)" if text == "(*" else "*/", position + 2)
                if end < 0:
                    raise self._fault(position, "a comment is not closed", "close it where it ends")
                position = end + 2
                continue
            if kind == "close":
                if not closing or closing.pop() != text:
                    raise self._fault(position, f"`{text}` closes no comment", "remove it, or open the comment")
                found.append(self._token(Kind.WORD, "%END", position, match.end()))
            elif kind == "speak":
                found.append(self._token(Kind.WORD, SPEAKING[text], position, match.end()))
            elif kind == "name":
                word = text in self._words
                found.append(self._token(Kind.WORD if word else Kind.NAME, text, position, match.end()))
            elif kind in _KINDS:
                found.append(self._token(_KINDS[kind], text, position, match.end()))
            position = match.end()
        found.append(self._token(Kind.END, "", position, position))
        return found

    def _token(self, kind: Kind, text: str, start: int, end: int) -> Token:
        return Token(kind, text, self._span(start, end))

    def _span(self, start: int, end: int) -> Span:
        starts = self._starts
        line = bisect_right(starts, start)
        # A token of more than one line is rare.
        end_line = line if line == len(starts) or end < starts[line] else bisect_right(starts, end)
        return Span(self._file, line, start - starts[line - 1] + 1, end_line, end - starts[end_line - 1] + 1)

    def _fault(self, position: int, message: str, help_: str) -> DiagnosticError:
        return DiagnosticError(error("R001", message, self._span(position, position + 1), help=help_))


_KINDS = {"real": Kind.REAL, "hexadecimal": Kind.REAL, "int": Kind.INTEGER, "string": Kind.STRING, "sign": Kind.SIGN}
