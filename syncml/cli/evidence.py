"""What `syncml verify -o DIR` leaves behind: the report, and each counterexample as inputs and as a ready test."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from syncml.cli.values import cells, leaf_names
from syncml.cli.verify_json import render_verify
from syncml.files import write_whole
from syncml.pipeline import split_target
from syncml.verify import Counterexample, Result, VerificationReport, Violated

TEST = """\
\"\"\"A run that `syncml verify` found, replayed. The test passes once the program keeps the property.\"\"\"

from pathlib import Path

from syncml.testing import first_failure

HERE = Path(__file__).parent
PROGRAM = HERE / {program!r}


def test_{name}() -> None:
    failure = first_failure(
        f"{{PROGRAM}}{node}",
        {property!r},
        HERE / {inputs!r},
        settings={settings!r},
        abstract={abstract!r},
    )
    assert failure is None, f"false at tick {{failure}}"
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """What was verified: the program, and the options that change what its inputs are.

    `main` is the label of the main node; abstract nodes that it calls are verified by themselves.
    """

    target: str
    main: str
    settings: Mapping[str, str]
    abstract: tuple[str, ...]


def write_evidence(subject: Subject, report: VerificationReport, folder: Path) -> Iterator[Path]:
    """Write `report.json`, and for each violated property its inputs as CSV and a test that replays them.

    Raises:
        DiagnosticError: D001 if a file cannot be written.
    """
    yield _write(folder / "report.json", render_verify(report))
    for result in report.results:
        if isinstance(result.verdict, Violated):
            name = file_name(result.name)
            yield _write(folder / f"{name}.csv", inputs_csv(result.verdict.counterexample))
            yield _write(folder / f"test_{name}.py", test_source(subject, result, folder))


def test_source(subject: Subject, result: Result, folder: Path) -> str:
    """Return a test, to stand in `folder`, that replays the counterexample of `result`."""
    path, chosen = split_target(subject.target)
    node = chosen if result.node == subject.main else result.node
    name = file_name(result.name)
    return TEST.format(
        program=os.path.relpath(path, folder.resolve()).replace(os.sep, "/"),
        name=name,
        node=f":{node}" if node else "",
        property=result.name,
        inputs=f"{name}.csv",
        settings=dict(subject.settings),
        abstract=subject.abstract,
    )


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
