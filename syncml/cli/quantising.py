"""`syncml export --int8 F.npz`: the networks of a program in integers, and the report of it in the package."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from syncml.cli.declared import Option
from syncml.diagnostics import DiagnosticError, error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from syncml.cli.request import Request
    from syncml.export_c.draft import Draft, Files, Part
    from syncml.export_c.integers import Integers
    from syncml.nodes.quantised import Affine
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


class Interface(enum.StrEnum):
    """What the ends of a program are that belong to networks; as `syncml.quantise.program.Interface`."""

    INTEGER = "integer"
    FLOAT = "float"


InterfaceOption = Annotated[
    Interface, Option("--interface", help="Inputs and outputs that belong to networks: their integers, or floats.")
]
RangesOption = Annotated[Ranges, Option("--ranges", help="How ranges of integers are chosen from recorded values.")]


def quantised(
    request: Request,
    int8: Path | None,
    int16: Path | None,
    ranges: Ranges,
    floats: Sequence[str] | None,
    interface: Interface,
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
        if floats or ranges is not Ranges.MINMAX or interface is not Interface.INTEGER:
            message = "--float, --ranges and --interface say how networks become integers, and --int8 is not given"
            raise DiagnosticError(error("U001", message, help="give recorded inputs: --int8 F.npz"))
        return None
    from syncml.quantise.calibration import Method
    from syncml.quantise.program import Interface as Ends
    from syncml.quantise.program import Scheme, quantised

    traced, _ = request.traced_and_checked()
    scheme = Scheme(Method(ranges.value), 8 if int16 is None else 16, frozenset(floats or ()), Ends(interface.value))
    return quantised(traced, path, scheme)


def part_of(report: Report) -> Part:
    """The report as files of a package."""
    from syncml.quantise.report import json_of, text_of

    def quantisation(draft: Draft) -> Files:
        macros = {
            each.slot.name: {"scale_macro": each.scale_macro, "zero_point_macro": each.zero_point_macro}
            for each in draft.plan.integers
        }
        return {
            "evidence/quantisation.json": json_of(report, macros).encode(),
            "evidence/quantisation.txt": text_of(report).encode(),
        }

    return quantisation


def meanings(report: Report | None) -> Mapping[str, Integers]:
    """What the integers at the interface stand for, for the C."""
    from syncml.export_c.integers import Integers

    if report is None:
        return {}
    return {name: Integers(affine.scale, affine.zero_point) for name, affine in report.interface.items()}


def told(report: Report) -> list[str]:
    """What a user reads of it: the errors of the program's outputs, where the others are, and what stays in floats."""
    streams = sum(map(len, report.networks.values()))
    names = ", ".join(f"`{name}`" for name in report.networks)
    lines = [f"{streams} streams of {names} are integers; errors of each: evidence/quantisation.txt"]
    for one in report.outputs:
        held = one.held_out
        snr = "" if held.snr is None else f", {held.snr:.1f} dB"
        lines.append(
            f"  {one.name}: at most {held.largest:.3g} and {held.mean:.3g} on average off on held-out inputs{snr}"
        )
    ends = ", ".join(f"{name} = {_meaning(affine)}" for name, affine in report.interface.items())
    lines += [f"  integers at the interface: {ends}"] if ends else []
    lines += [f"  in floats: {e.target.name}, {e.span}" for e in report.left]
    lines += [f"  in floats: {count} equations of `{label}`" for label, count in report.in_floats.items()]
    lines += [f"    {c.stream} becomes {c.becomes} for {c.reader}, {c.place}" for c in report.crossings]
    if not report.in_floats:
        lines.append("  no floating-point number at run time")
    return lines


def _meaning(affine: Affine) -> str:
    return f"{affine.scale:.6g} * (q {'+' if affine.zero_point < 0 else '-'} {abs(affine.zero_point)})"
