"""The arguments and options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from syncml.cli.declared import Argument, Option
from syncml.diagnostics import DiagnosticError, error
from syncml.diagnostics.render import Format

SUFFIXES = (".py", ".lus", ".onnx")

Target = Annotated[
    str,
    Argument(metavar="FILE[:NODE]", help="A Python or Lustre program, and the node in it.", show_default=False),
]
NodeOption = Annotated[
    str | None, Option("--node", metavar="NODE", help="The node; the same as FILE:NODE.", show_default=False)
]
FormatOption = Annotated[Format, Option("--format", help="How results and diagnostics are written.")]
SetOption = Annotated[
    list[str] | None,
    Option("--set", metavar="NAME=VALUE", help="Set a parameter of the node.", show_default=False),
]
WeightsOption = Annotated[
    Path | None,
    Option("--weights", metavar="F", help="Start the parameters from a .safetensors file.", show_default=False),
]
DumpOption = Annotated[
    list[str] | None,
    Option("--dump", metavar="PASS", help="Print the program after a pass, or `all`.", show_default=False),
]
QuietOption = Annotated[bool, Option("--quiet", "-q", help="Print faults only.")]
VerboseOption = Annotated[bool, Option("--verbose", "-v", help="Print more.")]
SeedOption = Annotated[int, Option("--seed", metavar="N", help="The seed of everything random.")]
FolderOption = Annotated[
    Path, Option("--output", "-o", metavar="DIR", help="The folder to write to.", show_default=False)
]


def target(given: str, node: str | None) -> str:
    """Join FILE and `--node` into the form FILE:NODE.

    Raises:
        DiagnosticError: U002 if there is no such program, U001 if the node is named twice.
    """
    from syncml.pipeline import split_target

    path, named = split_target(given)
    if not path.is_file():
        raise DiagnosticError(
            error("U002", f"there is no file {given}", help="name a file of Python or Lustre, as FILE or FILE:NODE")
        )
    if path.suffix not in SUFFIXES:
        advice = f"a program is a file that ends in {' or '.join(SUFFIXES)}"
        raise DiagnosticError(error("U002", f"{given} is not a program", help=advice))
    if node is None:
        return given
    if named:
        raise DiagnosticError(error("U001", f"the node is named twice, in {given} and by --node", help="name it once"))
    return f"{given}:{node}"


def settings(given: Sequence[str] | None) -> dict[str, str]:
    """Take the values of `--set` apart; the last one of a name wins.

    Raises:
        DiagnosticError: U001 where one has no equals sign or no name.
    """
    faults = [
        error("U001", f"`--set {each}` has no value", help=f"write `--set {each or 'NAME'}=VALUE`")
        for each in given or ()
        if not each.partition("=")[0] or "=" not in each
    ]
    if faults:
        raise DiagnosticError(*faults)
    return {name: value for name, _, value in (each.partition("=") for each in given or ())}


def count(text: str) -> int:
    """A number of runs, which may be written as ``1e6``.

    Raises:
        DiagnosticError: U001, it is none.
    """
    try:
        number = float(text.replace("_", "").replace(",", ""))
    except ValueError:
        number = math.nan
    if not (number >= 1 and number.is_integer()):
        raise DiagnosticError(error("U001", f"`--runs {text}` is no number of runs", help="write `--runs 1e6`"))
    return int(number)
