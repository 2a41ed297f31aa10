"""A place in a list of tokens: what every part of the parser moves along.

Rule: what is not Lustre is R001 at the token that cannot follow; what is Lustre and not read here is R002.
"""

from __future__ import annotations

from syncml.diagnostics.model import DiagnosticError, Span, error
from syncml.lustre.tokens import Dialect, Kind, Token


def unread(what: str, span: Span, help_: str | None = None) -> DiagnosticError:
    """R002: a construct of Lustre that is not read."""
    return DiagnosticError(error("R002", f"{what} is not read", span, help=help_ or "write it with what is read"))


def join(first: Span, last: Span) -> Span:
    """From the start of ``first`` to the end of ``last``."""
    return Span(first.file, first.line, first.column, last.end_line, last.end_column)


_WITHOUT_WORD = frozenset({Kind.STRING, Kind.END})


class Cursor:
    """The tokens of a file and the next one to read.

    Attributes:
        dialect: Whose Lustre it is.
        token: The next token.
        text: Its text; empty if it is a string or the end, which no keyword or sign equals.
    """

    def __init__(self, tokens: list[Token], dialect: Dialect) -> None:
        self.dialect = dialect
        self._tokens = tokens
        self._move(0)

    def _move(self, at: int) -> None:
        self._at = at
        self.token = token = self._tokens[at]
        self.text = "" if token.kind in _WITHOUT_WORD else token.text

    @property
    def span(self) -> Span:
        """The place of the next token."""
        return self.token.span

    def peek(self, ahead: int = 1) -> Token:
        """A token further on."""
        return self._tokens[min(self._at + ahead, len(self._tokens) - 1)]

    def since(self, start: Span) -> Span:
        """From ``start`` to the end of the last token that was read."""
        return join(start, self._tokens[max(self._at - 1, 0)].span)

    def advance(self) -> Token:
        """Read a token; the end stays."""
        token = self.token
        if token.kind is not Kind.END:
            self._move(self._at + 1)
        return token

    def accept(self, *texts: str) -> Token | None:
        """Read a token with one of these texts, if it is next."""
        return self.advance() if self.text in texts and self.text else None

    def expect(self, text: str, after: str = "") -> Token:
        """Read a token with this text.

        Raises:
            DiagnosticError: R001, another one is next.
        """
        found = self.accept(text)
        if found is None:
            raise self.fault(f"`{text}`", after)
        return found

    def close(self, text: str) -> None:
        """Read ``text`` once where the next sign may begin with it, as ``>>`` does with ``>``.

        Raises:
            DiagnosticError: R001, the next sign does not.
        """
        token = self.token
        if token.kind is Kind.SIGN and token.text != text and token.text.startswith(text):
            at = Span(token.span.file, token.span.line, token.span.column + len(text), token.span.end_line,
                      token.span.end_column)  # fmt: skip
            self._tokens[self._at] = Token(Kind.SIGN, token.text.removeprefix(text), at)
            self._move(self._at)
        else:
            self.expect(text)

    def name(self, what: str = "a name") -> Token:
        """Read a name, and a pragma behind it.

        Raises:
            DiagnosticError: R001, something else is next.
        """
        if self.token.kind is not Kind.NAME:
            raise self.fault(what)
        found = self.advance()
        while self.text == "%" and self.peek().kind is Kind.NAME and self.peek(2).text == ":":
            for _ in range(4):
                self.advance()
            self.expect("%")
        return found

    def string(self) -> str:
        """Read a string, if one is next; else it is empty."""
        return self.advance().text[1:-1] if self.token.kind is Kind.STRING else ""

    def fault(self, wanted: str, after: str = "") -> DiagnosticError:
        """R001 at the next token."""
        kind, text = self.token.kind, self.token.text
        found = kind.value if kind in (Kind.END, Kind.STRING) else f"`{text.removeprefix('%') or text}`"
        where = f" {after}" if after else ""
        return DiagnosticError(error("R001", f"{wanted} is expected{where}, not {found}", self.span))
