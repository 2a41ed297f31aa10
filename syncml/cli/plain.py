"""A command line that is plain is understood here, at once; any other is the affair of typer.

Rule: ``COMMAND FILE --name value --name=value --flag`` is plain if the command is one of `QUICK` and every value is
written in the usual way for its type. Names, types and limits are those that the command declares, and
whatever is not plain, such as a fault or a wish for help, typer sees as if this module were not there. The reason is
time: what typer loads to look at a command line takes longer than many a proof.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from enum import Enum
from importlib import import_module
from inspect import Parameter
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin

from syncml.cli.declared import Argument, Option, declaration, parameters

QUICK = ("check", "sim", "verify")
"""The commands that are often run on something small; each is the function of its name in the module of its name."""

_NUMBERS = {int: re.compile(r"\d{1,18}"), float: re.compile(r"\d{1,18}(\.\d{1,18})?")}


class _NotPlainError(Exception):
    """The command line is for typer."""


def plain(arguments: Sequence[str]) -> Callable[[], None] | None:
    """The command that ``arguments`` call for, ready to run; None if they are not plain."""
    if not arguments or arguments[0] not in QUICK or any(name.endswith("_COMPLETE") for name in os.environ):
        return None
    name, *words = arguments
    command: Callable[..., None] = getattr(import_module(f"syncml.cli.{name}"), name)
    try:
        given = _given(command, words)
    except _NotPlainError:
        return None
    return lambda: _run(command, given)


def _run(command: Callable[..., None], given: dict[str, Any]) -> None:
    try:
        command(**given)
    except BrokenPipeError:
        # The reader of our output went away; nor does the end of the program write to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _given(command: Callable[..., None], words: Sequence[str]) -> dict[str, Any]:
    """The arguments of ``command`` that ``words`` give."""
    declared = parameters(command)
    options = {spelling: parameter for parameter in declared for spelling in _spellings(parameter)}
    places = [p for p in declared if isinstance(declaration(p), Argument)]
    given: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        spelling, equals, value = word.partition("=")
        if not word.startswith("-"):
            if not places:
                raise _NotPlainError
            place = places.pop(0)
            given[place.name] = _value(place, word)
        elif (parameter := options.get(spelling)) is None:
            raise _NotPlainError
        elif _kind(parameter) is bool:
            if equals:
                raise _NotPlainError
            given[parameter.name] = True
        else:
            value = value if equals else next(rest, "-")
            if value.startswith("-"):
                raise _NotPlainError
            one = _value(parameter, value)
            given[parameter.name] = [*given.get(parameter.name, ()), one] if _many(parameter) else one
    if any(p.default is Parameter.empty for p in places):
        raise _NotPlainError
    return given


def _type(parameter: Parameter) -> Any:
    """The type of a parameter, without the None of one that may be left out."""
    declared = get_args(parameter.annotation)[0]
    parts = [part for part in get_args(declared) if part is not NoneType]
    return parts[0] if NoneType in get_args(declared) and len(parts) == 1 else declared


def _many(parameter: Parameter) -> bool:
    return get_origin(_type(parameter)) is list


def _kind(parameter: Parameter) -> Any:
    """The type of one value of a parameter."""
    return get_args(_type(parameter))[0] if _many(parameter) else _type(parameter)


def _spellings(parameter: Parameter) -> tuple[str, ...]:
    """How an option is written; nothing for what is none, or needs a second spelling to be turned off."""
    info = declaration(parameter)
    if not isinstance(info, Option) or any("/" in one for one in info.names):
        return ()
    if not info.names and _kind(parameter) is bool:
        return ()
    return info.names or (f"--{parameter.name.replace('_', '-')}",)


def _value(parameter: Parameter, word: str) -> Any:
    """``word`` as a value of ``parameter``."""
    info, kind = declaration(parameter), _kind(parameter)
    if kind is str:
        return word
    if kind is Path:
        return Path(word)
    if kind in _NUMBERS and _NUMBERS[kind].fullmatch(word):
        number = kind(word)
        if not isinstance(info, Option) or info.min is None or number >= info.min:
            return number
    if isinstance(kind, type) and issubclass(kind, Enum) and word in [each.value for each in kind]:
        return kind(word)
    raise _NotPlainError
