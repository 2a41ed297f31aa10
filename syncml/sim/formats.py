"""Traces in files: CSV, JSON, NPZ, VCD and Parquet out, CSV in.

Rule (CSV): a header of leaf names (``name``, ``vec[0]``, ``rec.field``), one row a tick, empty where a stream is
absent, Booleans ``true``/``false``, enumerations by name, floats in the shortest form that reads back exactly.
A file is written whole or not at all.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, Span, error
from syncml.extras import optional
from syncml.files import read_text, write_whole
from syncml.ir.equations.syntax import Node, Var
from syncml.ir.types import BOOL, FLOATS, EnumType, Scalar, Type, element, shape
from syncml.sim.trace import Column, Trace
from syncml.sim.vcd import to_vcd


@dataclass(frozen=True, slots=True)
class Leaf:
    """One scalar of a stream: its column name and its place in the stream's values."""

    name: str
    column: Column
    index: tuple[int, ...]


def leaves(trace: Trace) -> Iterator[Leaf]:
    """Every scalar of every stream, in order."""
    for column in trace.columns:
        for index in product(*map(range, shape(column.type))):
            yield Leaf(leaf_name(column.name, index), column, index)


def leaf_name(name: str, index: tuple[int, ...]) -> str:
    """``name[i][j]``; ``name`` itself for a scalar."""
    return name + "".join(f"[{i}]" for i in index)


def written(value: Any, type_: Type) -> str:
    """One scalar as text that reads back exactly."""
    kind = element(type_)
    if isinstance(kind, EnumType):
        return kind.constructors[int(value)]
    return str(bool(value)).lower() if kind is BOOL else str(value)


def to_csv(trace: Trace) -> bytes:
    """The trace as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    every = list(leaves(trace))
    writer.writerow(leaf.name for leaf in every)
    for tick in range(trace.ticks):
        writer.writerow(
            written(leaf.column.values[(tick, *leaf.index)], leaf.column.type) if leaf.column.present[tick] else ""
            for leaf in every
        )
    return text.getvalue().encode()


def to_json(trace: Trace) -> bytes:
    """The trace as JSON: for each stream its type, clock, unit and values (null where absent).

    Floats that JSON cannot hold are written as the strings ``nan``, ``inf``, ``-inf``; rationals as ``p/q``.
    """
    document = {
        "schema": "syncml/trace/1",
        "ticks": trace.ticks,
        "rate_hz": None if trace.rate is None else str(trace.rate),
        "streams": [
            {
                "name": c.name,
                "type": str(c.type),
                "clock": c.clock,
                "unit": c.unit,
                "values": [_plain(c.at(t)) for t in range(trace.ticks)],
            }
            for c in trace.columns
        ],
    }
    return json.dumps(document, allow_nan=False).encode()


def _plain(value: Any) -> Any:
    if getattr(value, "ndim", 0):
        return [_plain(item) for item in value]
    if hasattr(value, "dtype"):
        # The shortest decimal of a binary32 number, not that of its widening.
        value = float(str(value)) if value.dtype.kind == "f" else value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return str(value) if isinstance(value, Fraction) else value


def to_npz(trace: Trace) -> bytes:
    """The trace as NumPy arrays ``<stream>`` and ``<stream>.present``."""
    arrays: dict[str, Any] = {}
    for column in trace.columns:
        exact = column.values.dtype.kind == "O"
        arrays[column.name] = column.values.astype(np.str_) if exact else column.values
        arrays[f"{column.name}.present"] = column.present
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def to_parquet(trace: Trace) -> bytes:
    """The trace as a Parquet table with one column for each leaf, null where absent."""
    arrow = optional("pyarrow", "writing Parquet", "parquet")
    parquet = optional("pyarrow.parquet", "writing Parquet", "parquet")
    buffer = io.BytesIO()
    parquet.write_table(arrow.table({leaf.name: _arrow(arrow, leaf) for leaf in leaves(trace)}), buffer)
    return buffer.getvalue()


def _arrow(arrow: Any, leaf: Leaf) -> Any:
    values = leaf.column.values[(slice(None), *leaf.index)]
    kind = element(leaf.column.type)
    if isinstance(kind, EnumType) or values.dtype.kind == "O":
        shown = [written(v, kind) if p else None for v, p in zip(values, leaf.column.present, strict=True)]
        return arrow.array(shown, arrow.string())
    return arrow.array(values, mask=~leaf.column.present)


WRITERS: dict[str, Callable[[Trace], bytes]] = {
    ".csv": to_csv,
    ".json": to_json,
    ".npz": to_npz,
    ".parquet": to_parquet,
    ".vcd": to_vcd,
}
"""The formats of ``--out``, by suffix."""


def write_trace(trace: Trace, path: Path) -> None:
    """Write ``trace`` in the format of the suffix of ``path``.

    Raises:
        DiagnosticError: U001 unknown suffix; D001 the file cannot be written; D006 a package is missing.
    """
    writer = WRITERS.get(path.suffix)
    if writer is None:
        known = ", ".join(WRITERS)
        raise DiagnosticError(error("U001", f"no trace format is called {path.suffix!r}", help=f"use one of {known}"))
    write_whole(path, writer(trace))


def read_csv(path: Path, node: Node) -> dict[str, list[Any]]:
    """Input values for ``node`` from a CSV file.

    Raises:
        DiagnosticError: D001 unreadable, D002 malformed, S002 part of an input is missing, S003 a cell of the wrong
            type.
    """
    header, rows = _table(path)
    return {var.name: _column_values(path, rows, header, var) for var in node.inputs if _mentioned(header, var)}


def columns_of(path: Path, streams: Iterable[Var]) -> list[Var]:
    """Those of ``streams`` of which a CSV file has a column.

    Raises:
        DiagnosticError: D001 unreadable, D002 malformed.
    """
    header, _ = _table(path)
    return [var for var in streams if _mentioned(header, var)]


def _table(path: Path) -> tuple[dict[str, int], list[list[str]]]:
    """The columns by name, and the rows below the header."""
    text = read_text(path)
    try:
        rows = list(csv.reader(text.splitlines(), strict=True))
    except csv.Error as fault:
        raise DiagnosticError(error("D002", f"{path} is no CSV file: {fault}", Span.point(str(path)))) from fault
    if not rows:
        raise DiagnosticError(
            error("D002", f"{path} is empty", Span.point(str(path)), help="a header and one row a tick")
        )
    return {name.strip(): position for position, name in enumerate(rows[0])}, rows[1:]


def _mentioned(header: dict[str, int], var: Var) -> bool:
    return any(leaf_name(var.name, index) in header for index in product(*map(range, shape(var.type))))


def _column_values(path: Path, rows: Sequence[Sequence[str]], header: dict[str, int], var: Var) -> list[Any]:
    names = [leaf_name(var.name, index) for index in product(*map(range, shape(var.type)))]
    missing = [name for name in names if name not in header]
    if missing:
        message = f"{path} has no column {missing[0]!r} of input {var.name!r}"
        raise DiagnosticError(error("S002", message, Span.point(str(path))))
    values: list[Any] = []
    for line, row in enumerate(rows, start=2):
        cells = [row[header[name]].strip() if header[name] < len(row) else "" for name in names]
        if all(cell == "" for cell in cells):
            values.append(None)
            continue
        parsed = [_parse(path, line, header[n] + 1, cell, var) for n, cell in zip(names, cells, strict=True)]
        array = np.empty(len(parsed), dtype=np.object_)
        array[:] = parsed
        values.append(array.reshape(shape(var.type)) if shape(var.type) else parsed[0])
    return values


def _parse(path: Path, line: int, column: int, cell: str, var: Var) -> Any:
    kind = element(var.type)
    try:
        if isinstance(kind, EnumType):
            if cell in kind.constructors:
                return cell
            raise ValueError(cell)
        if kind is BOOL:
            return {"true": True, "1": True, "false": False, "0": False}[cell.lower()]
        if kind is Scalar.REAL:
            return Fraction(cell)
        return float(cell) if kind in FLOATS else int(cell)
    except (ValueError, KeyError):
        message = f"{cell!r} is no {kind}, in column {column} of input {var.name!r}"
        raise DiagnosticError(error("S003", message, Span.point(str(path), line))) from None
