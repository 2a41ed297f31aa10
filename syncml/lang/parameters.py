"""Parameters of a program, set on the command line: ``--set NAME=VALUE``.

Rule: a parameter has the type of its default; the text of a setting is read in that type. None stands for a text
that may be absent.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, overload

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Diagnostic, error
from syncml.lang.source import here
from syncml.lang.trace import current_session, report

X = TypeVar("X")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter that a program has."""

    name: str
    default: object
    help: str


@overload
def param(name: str, default: None = None, help: str = "") -> str | None: ...
@overload
def param(name: str, default: X, help: str = "") -> X: ...
def param(name: str, default: Any = None, help: str = "") -> Any:
    """The value of the parameter ``name``: that of ``--set name=value``, else ``default``.

    Args:
        name: The name on the command line.
        default: The value without a setting; it decides the type: bool, int, float, str, Path, or a member of an
            enumeration.
        help: What it is, for the list of parameters.
    """
    session = current_session()
    if session is None:
        return default
    session.parameters[name] = Parameter(name, default, help)
    text = session.settings.get(name)
    if text is None:
        return default
    try:
        return read(text, default)
    except ValueError as wrong:
        report(error("L015", f"the setting `{name}={text}` has the wrong value: {wrong}", here().span,
                     help=f"write --set {name}={example(default)}"))  # fmt: skip
        return default


def read(text: str, default: object) -> object:
    """``text`` in the type of ``default``.

    Raises:
        ValueError: it is none; the message says what is expected.
    """
    match default:
        case bool():
            known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
            if text.lower() not in known:
                raise ValueError("expected true or false")
            return known[text.lower()]
        case enum.Enum():
            members = type(default).__members__
            if text not in members:
                raise ValueError(f"expected one of {', '.join(members)}")
            return members[text]
        case int():
            return _number(int, text, "a whole number")
        case float():
            return _number(float, text, "a number")
        case Path():
            return Path(text)
        case None | str():
            return text
        case _:
            raise ValueError(f"a parameter of type `{type(default).__name__}` cannot be set on the command line")


def _number(kind: type[X], text: str, what: str) -> X:
    try:
        return kind(text)  # pyright: ignore[reportCallIssue]
    except ValueError:
        raise ValueError(f"expected {what}") from None


def example(default: object) -> str:
    """A value as it would be written on the command line."""
    match default:
        case None:
            return "TEXT"
        case bool():
            return "true" if default else "false"
        case enum.Enum():
            return default.name
        case _:
            return str(default)


def unknown(name: str, known: Mapping[str, object]) -> Diagnostic:
    """The fault that a setting names no parameter."""
    close = get_close_matches(name, list(known), 1)
    listed = ", ".join(f"{key}={example(value)}" for key, value in sorted(known.items()))
    return error(
        "L015",
        f"the program has no parameter `{name}`",
        notes=[f"its parameters: {listed}" if known else "it has no parameters"],
        help=f"did you mean `{close[0]}`?" if close else None,
    )
