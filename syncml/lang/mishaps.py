"""Exceptions of the user's Python as diagnostics at the user's line.

Rule: the place is the innermost frame that is the user's: not of this project, of the standard library or of an
installed package, unless no other is there.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from difflib import get_close_matches
from types import TracebackType

from syncml.diagnostics.model import Diagnostic, Label, Span, error
from syncml.lang import source
from syncml.lang.operations import Carrier
from syncml.lang.types import AnnotationFault


def diagnostic_of(wrong: BaseException, otherwise: Span, what: str) -> Diagnostic:
    """The diagnostic of an exception that the user's code raised.

    Args:
        wrong: The exception.
        otherwise: The place if no frame is the user's.
        what: What was being done, such as "`acc` was traced".
    """
    if isinstance(wrong, SyntaxError):
        return _syntax(wrong, otherwise)
    places = list(_places(wrong.__traceback__))
    span = places[-1].span if places else otherwise
    match wrong:
        case AnnotationFault():
            return error("L014", str(wrong), span, help=wrong.help or None)
        case AttributeError(obj=type() as cls, name=str(name)) if issubclass(cls, enum.Enum):
            members = list(cls.__members__)
            close = get_close_matches(name, members, 1)
            known = ", ".join(f"`{member}`" for member in members)
            help_ = f"did you mean `{cls.__name__}.{close[0]}`?" if close else f"it has {known}"
            return error("T004", f"`{cls.__name__}` has no `{name}`", span, help=help_)
        case _:
            message = " ".join(str(wrong).split())
            name = type(wrong).__name__
            callers = [Label(place.span, "called from here") for place in places[:-1]]
            return error(
                "L018", f"{name}: {message}" if message else f"{name} was raised", span, f"raised while {what}",
                secondary=[label for label in callers if label.span != span][-3:],
                help=_hint(wrong),
            )  # fmt: skip


def _hint(wrong: BaseException) -> str | None:
    match wrong:
        case ModuleNotFoundError(name=str(name)):
            return f"install the package `{name.split('.')[0]}`, or put the module beside the program"
        case ImportError(name="syncml"):
            return "see docs/reference/language.md for the names that syncml has"
        case AttributeError() if str(wrong).endswith("'Stream' object has no attribute 'next'"):
            return "only a state has a next value: make it with state(init=...)"
        case AttributeError(obj=Carrier() as stream, name=str(name)):
            close = get_close_matches(name, [known for known in dir(stream) if not known.startswith("_")], 1)
            return f"did you mean `.{close[0]}`?" if close else None
        case KeyError(args=(Carrier(),)):
            return "a stream selects no entry of a dictionary: write merge(x, {...}), or switch(x)"
        case TypeError() if "__array_ufunc__" in str(wrong):
            return "functions of NumPy do not take streams: use those of syncml, such as `from syncml import sin`"
        case SystemExit():
            return 'put what a script does under `if __name__ == "__main__":`'
        case _:
            return None


def _syntax(wrong: SyntaxError, otherwise: Span) -> Diagnostic:
    span = otherwise
    if wrong.filename and wrong.lineno:
        column = max(wrong.offset or 1, 1)
        end_line, end = wrong.end_lineno or wrong.lineno, wrong.end_offset or column
        if (end_line, end) < (wrong.lineno, column):
            end_line, end = wrong.lineno, column
        span = Span(wrong.filename, wrong.lineno, column, end_line, end)
    return error("L018", f"{type(wrong).__name__}: {wrong.msg}", span, "this is no Python")


def _places(traceback: TracebackType | None) -> Iterator[source.Place]:
    """The user's places, outermost first."""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if source.is_users(code.co_filename):
            yield source.place_in(code, traceback.tb_lasti, traceback.tb_lineno)
        traceback = traceback.tb_next
