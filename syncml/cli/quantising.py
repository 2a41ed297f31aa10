"""`syncml export --int8 F.npz`: the networks of a program in integers, and the report of it in the package."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from syncml.cli.declared import Option
from syncml.diagnostics import DiagnosticError, error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncml.cli.request import Request
    from syncml.export_c.draft import Draft, Files, Part
    from syncml.quantise.program import Quantisation, Report

Int8Option = Annotated[
    Path | None,
    Option("--int8", metavar="F.npz", help="Networks in 8-bit integers, calibrated on recorded inputs."),
]
Int16Option = Annotated[
    Path | None,
    Option("--int16", metavar="F.npz", help="The same with 16-bit activations."),
]
FloatOption = Annotated[
    list[str] | None, Option("--float", metavar="NODE", help="A network that stays in floats.", show_default=False)
]


class Ranges(enum.StrEnum):
    """How the ranges of streams are chosen; as `syncml.quantise.calibration.Method`, which takes long to load."""

    MINMAX = "minmax"
    PERCENTILE = "percentile"
    MSE = "mse"


RangesOption = Annotated[Ranges, Option("--ranges", help="How ranges of integers are chosen from recorded values.")]


def quantised(
    request: Request, int8: Path | None, int16: Path | None, ranges: Ranges, floats: Sequence[str] | None
) -> Quantisation | None:
    """The program with its networks in integers; None if that is not asked for.

    Raises:
        DiagnosticError: U001, both widths, or options without a calibration; else as
            `syncml.quantise.program.quantised`.
    """
    path = int8 or int16
    if int8 is not None and int16 is not None:
        raise DiagnosticError(error("U001", "--int8 and --int16 are two widths of the same", help="give one of them"))
    if path is None:
        if floats or ranges is not Ranges.MINMAX:
            message = "--float and --ranges say how networks become integers, and --int8 is not given"
            raise DiagnosticError(error("U001", message, help="give recorded inputs: --int8 F.npz"))
        return None
    from syncml.quantise.calibration import Method
    from syncml.quantise.program import Scheme, quantised

    traced, _ = request.traced_and_checked()
    scheme = Scheme(Method(ranges.value), 8 if int16 is None else 16, frozenset(floats or ()))
    return quantised(traced, path, scheme)


def part_of(report: Report) -> Part:
    """The report as files of a package."""
    from syncml.quantise.report import json_of, text_of

    def quantisation(_: Draft) -> Files:
        return {
            "evidence/quantisation.json": json_of(report).encode(),
            "evidence/quantisation.txt": text_of(report).encode(),
        }

    return quantisation


def told(report: Report) -> list[str]:
    """What a user reads of it: the errors of the program's outputs, and where the others are."""
    streams = sum(map(len, report.networks.values()))
    names = ", ".join(f"`{name}`" for name in report.networks)
    lines = [f"{streams} streams of {names} are integers; errors of each: evidence/quantisation.txt"]
    for one in report.outputs:
        held = one.held_out
        snr = "" if held.snr is None else f", {held.snr:.1f} dB"
        lines.append(
            f"  {one.name}: at most {held.largest:.3g} and {held.mean:.3g} on average off on held-out inputs{snr}"
        )
    lines += [f"  in floats: {e.target.name}, {e.span}" for e in report.left]
    return lines
