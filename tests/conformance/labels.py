"""Suites whose programs say by their names, or in a table, what has to become of them: Kind 2 and Vélus."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

from syncml.diagnostics import DiagnosticError
from syncml.lustre.load import load_lustre
from syncml.lustre.parser import parse_file
from syncml.lustre.syntax import MainMark, NodeDeclaration
from syncml.lustre.tokens import Dialect
from syncml.pipeline import check
from tests.conformance.outcome import Outcome, Result

LIMIT = 20
"""Seconds for one program."""
CONTRACTS = ("ensure", "require", "invariant", "cover")


def kind2(folder: Path) -> Iterator[Outcome]:
    """`success` is proved (exit code 0), `falsifiable` is violated (1), `error` is rejected."""
    for label, wanted in (("success", 0), ("falsifiable", 1)):
        for path in sorted((folder / label).rglob("*.lus")):
            name = str(path.relative_to(folder))
            try:
                check(load_lustre(str(path), {"dialect": "kind2"}))
            except DiagnosticError as fault:
                constant = wanted == 1 and {d.code for d in fault.diagnostics} == {"T003"}
                yield (
                    Outcome(name, Result.SAME, "a constant outside of its type") if constant else _refused(name, fault)
                )
                continue
            yield _verified(path, name, wanted)
    for path in sorted((folder / "error").rglob("*.lus")):
        yield _rejected(path, "kind2", "error/")


def _verified(path: Path, name: str, wanted: int) -> Outcome:
    """The verdicts on the contracts of every node that no other calls; faults at run time are none of Kind 2's."""
    verdicts: set[str] = set()
    for node in _roots(path):
        command = [sys.executable, "-m", "syncml", "verify", f"{path}:{node}", "--timeout", str(LIMIT),
                   "--format", "json", "--no-cache", "--set", "dialect=kind2"]  # fmt: skip
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode not in (0, 1, 3):
            return Outcome(name, Result.DIFFERENT, f"exit code {run.returncode}")
        document = json.loads(run.stdout)
        if "properties" not in document:
            return Outcome(name, Result.NOT_READ, str(document["diagnostics"][0]["message"]))
        verdicts |= {p["verdict"] for p in document["properties"] if p["kind"] in CONTRACTS}
    code = 1 if verdicts & {"violated", "unreachable"} else 3 if "unknown" in verdicts else 0
    result = Result.SAME if code == wanted else Result.NOT_COMPARED if code == 3 else Result.DIFFERENT
    return Outcome(name, result, "undecided in time" if code == 3 else f"exit code {code}, {wanted} is right")


def benchmarks(folder: Path) -> Iterator[Outcome]:
    """Kind 2's benchmarks: each is read and checked."""
    for path in sorted(folder.rglob("*.lus")):
        name = str(path.relative_to(folder))
        try:
            check(load_lustre(str(path), {"dialect": "kind2"}))
        except DiagnosticError as fault:
            yield _refused(name, fault)
        else:
            yield Outcome(name, Result.SAME)


def flat(folder: Path) -> Iterator[Outcome]:
    """Those that `flat.status` labels by the verdicts of three tools: one file in ten is verified."""
    for line in (folder / "flat.status").read_text().splitlines()[1:]:
        name, *columns = line.split()
        said = {"Valid", "Invalid"} & set(columns)
        path = folder / "flat" / name
        if crc32(name.encode()) % 10 or len(said) != 1 or not path.exists():
            continue
        with TemporaryDirectory() as place:
            copy = Path(place, path.stem + ".lus")
            copy.write_bytes(path.read_bytes())
            yield _verified(copy, name, 0 if said == {"Valid"} else 1)


def _refused(name: str, fault: DiagnosticError) -> Outcome:
    """What ought to be accepted: a construct that is not read, a constant whose value is left open, or no fault."""
    unread = {d.code for d in fault.diagnostics} <= {"R002", "R005"}
    return Outcome(name, Result.NOT_READ if unread else Result.DIFFERENT, str(fault.diagnostics[0]))


def _roots(path: Path) -> list[str]:
    """The nodes with ``--%MAIN``, else those that no other calls."""
    file, _ = parse_file(path, Dialect.KIND2)
    nodes = [d for d in file.declarations if isinstance(d, NodeDeclaration) and not (d.imported or d.external)]
    if marked := [n.name for n in nodes if any(isinstance(i, MainMark) for i in n.items)]:
        return marked
    called: set[str] = set()
    names: list[str] = []
    for node in nodes:
        try:
            program = load_lustre(f"{path}:{node.name}", {"dialect": "kind2"})
        except DiagnosticError:
            continue
        names.append(node.name)
        called |= {n.label for n in program.nodes if n.name != program.main}
    return [name for name in names if name not in called]


def velus(folder: Path) -> Iterator[Outcome]:
    """`ok_` is accepted, `ko_` is rejected."""
    for path in sorted(folder.glob("*.lus")):
        if path.name.startswith("ko_"):
            yield _rejected(path, "velus", "")
            continue
        try:
            check(load_lustre(str(path), {"dialect": "velus"}))
        except DiagnosticError as fault:
            yield _refused(path.name, fault)
        else:
            yield Outcome(path.name, Result.SAME)


def _rejected(path: Path, dialect: str, prefix: str) -> Outcome:
    try:
        check(load_lustre(str(path), {"dialect": dialect}))
    except DiagnosticError as fault:
        codes = {d.code for d in fault.diagnostics}
        result = Result.NOT_READ if codes == {"R002"} else Result.SAME
        return Outcome(prefix + path.name, result, str(fault.diagnostics[0]))
    return Outcome(prefix + path.name, Result.DIFFERENT, "it is accepted")
