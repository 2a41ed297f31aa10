"""What `syncml verify -o DIR` leaves behind: the report, and the inputs of each counterexample."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from syncml.cli.values import cells, leaf_names
from syncml.cli.verify_json import render_verify
from syncml.files import write_whole
from syncml.verify import Counterexample, VerificationReport, Violated


def write_evidence(report: VerificationReport, folder: Path) -> Iterator[Path]:
    """Write `report.json`, and for each violated property a CSV that `syncml sim --input` replays.

    Raises:
        DiagnosticError: D001 if a file cannot be written.
    """
    yield _write(folder / "report.json", render_verify(report))
    for result in report.results:
        if isinstance(result.verdict, Violated):
            yield _write(folder / f"{file_name(result.name)}.csv", inputs_csv(result.verdict.counterexample))


def file_name(property_name: str) -> str:
    """Return the name of a property as a name of a file."""
    return re.sub(r"[^A-Za-z0-9]+", "_", property_name).strip("_") or "property"


def inputs_csv(found: Counterexample) -> str:
    """Return the inputs of a counterexample, one row for each tick."""
    inputs = [stream for stream in found.streams if stream.input]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [leaf_names(stream) for stream in inputs]
    writer.writerow(name for each in names for name in each)
    for tick in range(found.ticks):
        writer.writerow(
            cell
            for stream, leaves in zip(inputs, names, strict=True)
            for cell in cells(stream.values[tick], stream.type, len(leaves))
        )
    return text.getvalue()


def _write(path: Path, text: str) -> Path:
    write_whole(path, text.encode())
    return path
