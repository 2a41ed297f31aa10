"""The exported package: every file of it.

Rule: the contents are a function of the step program and the options alone. Code is in ``src`` and ``include``, what
runs it on the desk in ``harness``, what a reviewer reads in ``evidence``.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

from syncml.dataclass import dataclass
from syncml.export_c.build_files import build_files
from syncml.export_c.draft import Draft, Files, Options, Part
from syncml.export_c.emulated import emulated
from syncml.export_c.harness import harness
from syncml.export_c.integers import named_integers
from syncml.export_c.interface import data_header, data_names, data_source, header, source
from syncml.export_c.leaves import Leaves, leaves
from syncml.export_c.line_map import line_map
from syncml.export_c.plan import plan
from syncml.export_c.printer import Line, print_top, text_of
from syncml.export_c.readme import readme
from syncml.export_c.regions import macros, place
from syncml.export_c.report.document import costs
from syncml.export_c.report.memory import report
from syncml.export_c.saving import saving
from syncml.export_c.sources import sources
from syncml.export_c.uses import called
from syncml.ir.step.schedules import schedule_loops
from syncml.ir.step.syntax import StepProgram

MANIFEST = "evidence/manifest.json"
MANIFEST_SCHEMA = "syncml/c-package/1"


@dataclass(frozen=True, slots=True)
class Package:
    """The files of an export by path, and the leaves of its interface and state.

    ``compiled`` are the paths of the node's sources, ``links_math`` says whether they need ``-lm``.
    """

    name: str
    files: Files
    leaves: Leaves
    compiled: tuple[str, ...]
    links_math: bool


def code(draft: Draft) -> Files:
    """The node in C."""
    return {path: text_of(lines).encode() for path, lines in draft.code.items()}


PARTS: tuple[Part, ...] = (code, saving, harness, emulated, build_files, line_map, costs, readme)
"""What every package has."""


def package(program: StepProgram, options: Options | None = None) -> Package:
    """The exported package of the main machine of ``program``.

    Raises:
        DiagnosticError: X002, two names of the interface are the same in C.
        ValueError: the vectors do not fit the interface, or two parts give one file.
    """
    draft = drafted(program, options or Options())
    contents: dict[str, bytes] = {}
    for part in (*PARTS, *draft.options.parts):
        for path, data in part(draft).items():
            if path in contents:
                raise ValueError(f"two parts of the package give {path}")
            contents[path] = data
    contents[MANIFEST] = _manifest(draft, contents)
    return Package(draft.node, contents, draft.leaves, draft.compiled, draft.links_math)


def drafted(program: StepProgram, options: Options) -> Draft:
    """The package of ``program`` before it is files.

    Raises:
        DiagnosticError: X002, two names of the interface are the same in C; X006, a region of memory is too small.
    """
    planned, origins = plan(schedule_loops(program, options.target.loops), options.memory), sources(program)
    regions = place(planned, options.memory.regions) if options.memory.regions else ()
    # Regions are filled to the last byte.
    alignment = 0 if options.memory.regions else options.target.alignment
    ends = {**planned.inputs, **planned.outputs}
    integers = named_integers(planned.prefix, ends, options.integers, planned.files)
    planned = replace(planned, marks=macros(planned, regions), alignment=alignment, integers=integers)
    node = planned.prefix
    found = source(planned, origins)
    lines: dict[str, list[Line]] = {
        f"include/{node}.h": print_top(header(planned, origins)),
        f"src/{node}.c": print_top(found),
    }
    if data_names(planned):
        lines[f"include/{node}_data.h"] = print_top(data_header(planned))
        lines[f"src/{node}_data.c"] = print_top(data_source(planned, origins))
    links_math = bool(called(found) & {"sqrt", "sqrtf"})
    printed = {path: tuple(text) for path, text in lines.items()}
    return Draft(planned, origins, leaves(planned), printed, links_math, report(planned), regions, options)


def _manifest(draft: Draft, contents: Files) -> bytes:
    """The files of the package and their digests; a later export takes away those that it does not make."""
    document = {
        "schema": MANIFEST_SCHEMA,
        "node": draft.label,
        "target": draft.options.target.name,
        "files": {path: hashlib.sha256(contents[path]).hexdigest() for path in sorted(contents)},
    }
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()
