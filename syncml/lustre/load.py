"""Programs from .lus files.

Rule: the dialect is the one that ``--set dialect=`` names, else the one whose words the file uses. It fixes the numbers
(``int`` and ``real`` are mathematical in V6 and Kind 2; in Vélus they are 32-bit integers and binary64) and the
convention of division, which ``--set division=`` changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

from syncml.diagnostics.model import DiagnosticError, Span, error
from syncml.ir.equations.syntax import Program
from syncml.ir.types import Scalar
from syncml.lustre.context import Rules
from syncml.lustre.operations import Division
from syncml.lustre.parser import parse_file
from syncml.lustre.program import Elaboration
from syncml.lustre.targets import split_target
from syncml.lustre.tokens import Dialect

_E = TypeVar("_E", bound=Enum)


def load_lustre(target: str, settings: Mapping[str, str] | None = None) -> Program:
    """The program of a Lustre file.

    Args:
        target: ``FILE.lus`` or ``FILE.lus:NODE``.
        settings: ``dialect``, ``division``, and values of constants.

    Raises:
        DiagnosticError: every fault of the file (families R, T, L), or a setting that has no meaning.
    """
    path, wanted = split_target(target)
    given = dict(settings or {})
    dialect = _choice(Dialect, "dialect", given)
    division = _choice(Division, "division", given)
    file, dialect = parse_file(path, dialect)
    return Elaboration(file, dialect, rules(dialect, division), given).program(wanted, Span.point(str(path)))


def rules(dialect: Dialect, division: Division | None = None) -> Rules:
    """What a dialect means."""
    if dialect is Dialect.VELUS:
        return Rules(
            Scalar.I32,
            Scalar.F64,
            division or Division.TRUNCATING,
            rounds_down=False,
            samples_down=False,
            named_clocks=True,
        )
    convention = Division.EUCLIDEAN if dialect is Dialect.KIND2 else Division.TRUNCATING
    kind2 = dialect is Dialect.KIND2
    return Rules(
        Scalar.INT,
        Scalar.REAL,
        division or convention,
        rounds_down=kind2,
        samples_down=not kind2,
        named_clocks=False,
        free_first=kind2,
    )


def _choice(options: type[_E], name: str, settings: dict[str, str]) -> _E | None:
    """Take a setting that chooses one of ``options``."""
    text = settings.pop(name, None)
    if text is None:
        return None
    try:
        return options(text)
    except ValueError as wrong:
        known = ", ".join(str(option.value) for option in options)
        raise DiagnosticError(error("U001", f"there is no {name} {text!r}", help=f"one of {known}")) from wrong
