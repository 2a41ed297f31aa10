"""The report of a quantisation, as text and as JSON: for each stream how far its integers are from floats."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from syncml.quantise.accuracy import Compared, Error
from syncml.quantise.program import Report

SCHEMA = "syncml/quantisation/1"


def text_of(report: Report) -> str:
    """The report as a table for each network."""
    scheme, recording = report.scheme, report.recording
    held = recording.ticks - recording.calibrated
    lines = [
        f"{report.file}: {recording.calibrated} ticks calibrate, {held} are held out; "
        f"ranges by {scheme.method}, activations of {scheme.bits} bits, weights of 8 bits for each channel",
    ]
    for network, compared in report.networks.items():
        lines += ["", f"network {network}", *_table(compared)]
    lines += ["", "outputs of the program", *_table(report.outputs)]
    if report.interface:
        lines += ["", "integers at the interface"]
        rows = [(n, f"{a.bits} bits", f"{a.scale:.9g}", str(a.zero_point)) for n, a in report.interface.items()]
        lines += _aligned([("stream", "width", "scale", "zero"), *rows])
    lines += ["", "floating-point numbers at run time" if report.in_floats else "no floating-point number at run time"]
    lines += [f"  {count} equations of {label}" for label, count in report.in_floats.items()]
    lines += [f"  {c.stream} of {c.node} becomes {c.becomes} for {c.reader}  {c.place}" for c in report.crossings]
    if report.left:
        lines += ["", "products with constants that stay in floats, since they are in no network:"]
        lines += [f"  {e.target.name}  {e.span}" for e in report.left]
    return "\n".join(lines) + "\n"


def _table(compared: tuple[Compared, ...]) -> list[str]:
    rows: list[tuple[str, ...]] = [
        ("stream", "by", "scale", "zero", "max error", "mean", "SNR dB", "held out: max", "mean", "SNR dB")
    ]
    for one in compared:
        layer = one.layer
        how = ("", "", "") if layer is None else (layer.kind, f"{layer.affine.scale:.4g}", str(layer.affine.zero_point))
        rows.append((one.name, *how, *_cells(one.calibration), *_cells(one.held_out)))
    return _aligned(rows)


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  " + "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def _cells(error: Error) -> tuple[str, str, str]:
    return f"{error.largest:.3g}", f"{error.mean:.3g}", "-" if error.snr is None else f"{error.snr:.1f}"


def json_of(report: Report, macros: Mapping[str, Mapping[str, str]] | None = None) -> str:
    """The report as a document of `SCHEMA`; ``macros`` are those of scale and zero point at the interface of C."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "file": report.file,
        "ticks": {
            "calibration": report.recording.calibrated,
            "held_out": report.recording.ticks - report.recording.calibrated,
        },
        "method": report.scheme.method.value,
        "activation_bits": report.scheme.bits,
        "networks": [
            {"name": name, "streams": [_stream(one) for one in compared]} for name, compared in report.networks.items()
        ],
        "outputs": [_stream(one) for one in report.outputs],
        "interface": [
            {
                "stream": name,
                "bits": affine.bits,
                "scale": affine.scale,
                "zero_point": affine.zero_point,
                **(macros or {}).get(name, {}),
            }
            for name, affine in report.interface.items()
        ],
        "equations_in_floats": dict(report.in_floats),
        "conversions": [
            {"node": c.node, "stream": c.stream, "becomes": c.becomes, "for": c.reader, "place": str(c.place)}
            for c in report.crossings
        ],
        "in_floats": [{"stream": e.target.name, "place": str(e.span)} for e in report.left],
    }
    return json.dumps(document, indent=2) + "\n"


def _stream(one: Compared) -> dict[str, Any]:
    layer = one.layer
    how: dict[str, Any] = {} if layer is None else {
        "by": layer.kind, "scale": layer.affine.scale, "zero_point": layer.affine.zero_point, "bits": layer.affine.bits,
        **({"accumulator_bound": layer.bound, "products": layer.products} if layer.bound else {}),
    }  # fmt: skip
    return {"stream": one.name, **how, "calibration": _numbers(one.calibration), "held_out": _numbers(one.held_out)}


def _numbers(error: Error) -> dict[str, float | None]:
    return {"max_error": error.largest, "mean_error": error.mean, "snr_db": error.snr}
