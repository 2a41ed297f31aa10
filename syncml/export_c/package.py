"""The exported package: every file of it, and how it gets to disk.

Rule: the contents are a function of the step program and the options alone, and a folder holds either all of the old
package or all of the new one, whatever fails.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, error
from syncml.export_c.interface import data_header, data_names, data_source, header, source
from syncml.export_c.leaves import Leaf, Leaves, leaves
from syncml.export_c.plan import Plan, plan
from syncml.export_c.printer import Line, print_top, text_of
from syncml.export_c.readme import readme
from syncml.export_c.sources import Sources, sources
from syncml.export_c.uses import called
from syncml.export_c.vectors import Vectors, encode
from syncml.ir.step.syntax import Origin, StepProgram

MAP_SCHEMA = "syncml/c-map/1"


@dataclass(frozen=True, slots=True)
class Options:
    """What an export may be asked for. ``vectors`` is the recorded run that ``make check`` replays."""

    vectors: Vectors | None = None


@dataclass(frozen=True, slots=True)
class Package:
    """The files of an export by name, and the leaves of its interface and state."""

    name: str
    files: Mapping[str, bytes]
    leaves: Leaves
    links_math: bool


def package(program: StepProgram, options: Options | None = None) -> Package:
    """The exported package of the main machine of ``program``.

    Raises:
        DiagnosticError: X002, two names of the interface are the same in C.
        ValueError: the vectors do not fit the interface.
    """
    options = options or Options()
    planned, origins = plan(program), sources(program)
    node = planned.prefix
    found = leaves(planned)
    code = source(planned, origins)
    texts: dict[str, list[Line]] = {f"{node}.h": print_top(header(planned, origins)), f"{node}.c": print_top(code)}
    if data_names(planned):
        texts[f"{node}_data.h"] = print_top(data_header(planned))
        texts[f"{node}_data.c"] = print_top(data_source(planned, origins))
    links_math = bool(called(code) & {"sqrt", "sqrtf"})
    contents = {name: text_of(lines).encode() for name, lines in texts.items()}
    contents["harness.c"] = _harness(node, found).encode()
    contents["Makefile"] = _makefile(node, sorted(texts), _supplied(planned), links_math).encode()
    contents[f"{node}_map.json"] = _map(planned, origins, texts, found).encode()
    contents["README.md"] = readme(planned, origins, found, links_math=links_math).encode()
    if options.vectors is not None:
        contents["vectors.bin"] = encode(found, options.vectors)
    return Package(node, contents, found, links_math)


def export(program: StepProgram, directory: Path, options: Options | None = None) -> tuple[Path, ...]:
    """Write the exported package of ``program`` into ``directory`` and return the files, in order of their names.

    Other files in the folder stay as they are. A file of an earlier export is replaced; upon any failure all of them
    are as they were.

    Raises:
        DiagnosticError: X001, the folder cannot be written; X002, two names are the same in C.
    """
    contents = package(program, options).files
    existed = directory.exists()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=".syncml-", dir=directory))
    except OSError as fault:
        raise _unwritable(directory, fault) from fault
    try:
        _install(contents, directory, stage)
    except OSError as fault:
        if not existed:
            with contextlib.suppress(OSError):
                shutil.rmtree(stage, ignore_errors=True)
                directory.rmdir()
        raise _unwritable(directory, fault) from fault
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return tuple(directory / name for name in sorted(contents))


def _install(contents: Mapping[str, bytes], directory: Path, stage: Path) -> None:
    """Write all files aside, then put them in place; on a failure put the old ones back."""
    (stage / "old").mkdir()
    for name, data in contents.items():
        (stage / name).write_bytes(data)
    saved: list[str] = []
    placed: list[str] = []
    try:
        for name in contents:
            target = directory / name
            if target.exists() and not target.is_file():
                raise OSError(f"{target} is in the way")
            if target.exists():
                target.replace(stage / "old" / name)
                saved.append(name)
            (stage / name).replace(target)
            placed.append(name)
    except OSError:
        for name in placed:
            (directory / name).unlink(missing_ok=True)
        for name in saved:
            (stage / "old" / name).replace(directory / name)
        raise


def _unwritable(directory: Path, fault: OSError) -> DiagnosticError:
    reason = fault.strerror or str(fault)
    return DiagnosticError(
        error(
            "X001",
            f"cannot write the exported files to {directory}: {reason}",
            notes=("an earlier export in that folder is as it was",),
            help="choose a folder that can be written with -o",
        )
    )


def template(name: str) -> str:
    """The text of a file of `templates`."""
    return (files("syncml.export_c") / "templates" / name).read_text(encoding="utf-8")


def _fill(text: str, values: Mapping[str, str]) -> str:
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text


def _harness(node: str, found: Leaves) -> str:
    groups = {"INPUT": (found.inputs, "in"), "OUTPUT": (found.outputs, "out"), "STATE": (found.state, "state")}
    values = {"NODE": node, "HASH": f"0x{found.layout_hash:016X}"}
    for group, (rows, struct) in groups.items():
        values[f"{group}_COUNT"] = str(len(rows))
        values[f"{group}_BYTES"] = str(sum(leaf.size * leaf.count for leaf in rows))
        table = "\n".join(_row(leaf, f"{node}_{struct}") for leaf in rows)
        values["STATE" if group == "STATE" else f"{group}S"] = table
    return "".join(line for line in _fill(template("harness.c"), values).splitlines(keepends=True))


def _row(leaf: Leaf, struct: str) -> str:
    name = leaf.name.replace("\\", "\\\\").replace('"', '\\"')
    stride = "sizeof(bool)" if leaf.kind == "bool" else f"{leaf.size}U"
    offset = f"offsetof({struct}, {leaf.designator})"
    return f"    {{\"{name}\", {offset}, {leaf.count}U, {leaf.size}U, {stride}, '{leaf.kind[0]}'}},"


def _supplied(planned: Plan) -> list[str]:
    """The files in which the user supplies external functions, unless the user says others."""
    return [f"{own.machine.external}.c" for own in planned.machines if own.machine.external]


def _makefile(node: str, texts: list[str], supplied: list[str], links_math: bool) -> str:
    own = " ".join(name for name in texts if name.endswith(".c"))
    values = {
        "NODE": node,
        "SOURCES": f"{own} $(EXTERNAL)\nEXTERNAL = {' '.join(supplied)}" if supplied else own,
        "HEADERS": " ".join(name for name in texts if name.endswith(".h")),
        "LIBRARIES": " -lm" if links_math else "",
        "VECTORS": "vectors.bin",
    }
    return _fill(template("Makefile"), values)


def _map(planned: Plan, origins: Sources, texts: Mapping[str, list[Line]], found: Leaves) -> str:
    """The machine-readable map: C line to stream, clock, unit and source position, and the order of the leaves."""
    lines: list[dict[str, Any]] = [
        {"file": name, "line": number, **_origin(line.origin, origins)}
        for name, printed in sorted(texts.items())
        for number, line in enumerate(printed, start=1)
        if line.origin is not None
    ]
    document = {
        "schema": MAP_SCHEMA,
        "node": planned.main.machine.label or planned.main.machine.name,
        "layout_hash": f"{found.layout_hash:016x}",
        "inputs": [_leaf(leaf, origins) for leaf in found.inputs],
        "outputs": [_leaf(leaf, origins) for leaf in found.outputs],
        "state": [_leaf(leaf, origins) for leaf in found.state],
        "lines": lines,
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _origin(origin: Origin, origins: Sources) -> dict[str, Any]:
    span = origin.span
    place = {
        "file": origins.name(span.file),
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }
    return {"stream": origin.stream, "clock": origin.clock, "unit": origin.unit, "source": place}


def _leaf(leaf: Leaf, origins: Sources) -> dict[str, Any]:
    described = {"name": leaf.name, "c": leaf.designator, "type": str(leaf.type)}
    return described if leaf.origin is None else {**described, **_origin(leaf.origin, origins)}
