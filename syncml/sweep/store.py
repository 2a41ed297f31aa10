"""The folder of a sweep: what has been run, whatever ended the process that ran it.

    sweep.json          what the sweep is, and its parts
    part-00000.parquet  the rows of 65,536 runs, in their order
    pending/            rows of parts that are not complete
    traces/             the traces of some failing runs

Rule: every file is written whole beside its place and then moved there; a part is listed once it is there, and what was
pending of it goes after that. So at any moment each run is in one part that is listed, or in a pending file, or has to
be made; nothing is lost but what was being computed, and nothing is there twice. The contents of parts do not depend on
who computed which rows when.
"""

from __future__ import annotations

import fcntl
import io
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, field
from hashlib import sha256
from pathlib import Path
from typing import IO

import numpy as np
from pydantic import ValidationError

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, error
from syncml.files import write_whole
from syncml.sweep.manifest import Manifest, Part, Trace
from syncml.sweep.rows import Rows, Summary, joined, summary
from syncml.sweep.tables import Table

MANIFEST = "sweep.json"
PENDING = "pending"
TRACES = "traces"
_PENDING_NAME = re.compile(r"(\d+)-(\d+)\.npy\Z")
_OWN = re.compile(r"sweep\.json|part-\d+\.(parquet|csv)|pending|traces|\..*")
_UNFINISHED = re.compile(r"\.(sweep\.json|part-\d+\.\w+|\d+-\d+\.npy|run-\d+\.\w+)\.\w+")
"""The name of what is being written, as `write_whole` has it."""


def read_manifest(folder: Path) -> Manifest | None:
    """What a folder says of its sweep; None if it has none.

    Raises:
        DiagnosticError: D001, it cannot be read; S014, it is damaged.
    """
    path = folder / MANIFEST
    try:
        text = path.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as fault:
        raise DiagnosticError(error("D001", f"cannot read {path}: {fault}")) from fault
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as fault:
        raise damaged(path, " ".join(str(fault.errors()[0]["msg"]).split())) from None


def damaged(path: Path, why: str) -> DiagnosticError:
    """S014: a file of a sweep is not as it was written."""
    again = f"delete {path}, and its runs are made again" if path.suffix == ".npy" else "begin anew with --restart"
    return DiagnosticError(error("S014", f"{path} is damaged: {why}", help=again))


@dataclass(slots=True)
class Store:
    """The folder of a sweep that this process alone writes; `release` it at the end.

    Attributes:
        folder: Where.
        manifest: What is listed; replaced as a whole.
        table: How rows are written.
    """

    folder: Path
    manifest: Manifest
    table: Table
    _lock: IO[str]
    _pending: dict[int, dict[tuple[int, int], Summary]] = field(
        default_factory=dict[int, dict[tuple[int, int], Summary]]
    )

    @property
    def summary(self) -> Summary:
        """What became of all runs that are done."""
        total = Summary()
        for part in self.manifest.parts:
            total = total.plus(part.summary(), self.manifest.most_traces)
        for found in self._pending.values():
            for each in found.values():
                total = total.plus(each, self.manifest.most_traces)
        return total

    def missing(self, chunk: int) -> Iterator[tuple[int, int]]:
        """The runs that have to be made, in pieces of at most ``chunk``, none in two parts."""
        done = {part.number for part in self.manifest.parts}
        for number in range(-(-self.manifest.runs // self.manifest.part)):
            if number in done:
                continue
            at, end = self._extent(number)
            for first, last in [*sorted(self._pending.get(number, {})), (end, end)]:
                for start in range(at, first, chunk):
                    yield start, min(start + chunk, first)
                at = last

    def add(self, first: int, last: int, rows: Rows) -> Summary:
        """Keep the rows of some runs; what became of them.

        Raises:
            DiagnosticError: D001, they cannot be written.
        """
        found = summary(rows, last - first, self.manifest.most_traces)
        number = first // self.manifest.part
        pending = self._pending.setdefault(number, {})
        start, end = self._extent(number)
        if found.runs + sum(each.runs for each in pending.values()) < end - start:
            write_whole(self._place(first, last), _packed(rows))
            pending[first, last] = found
            return found
        blocks = {each: self._read(*each) for each in pending} | {(first, last): rows}
        self._complete(number, joined([blocks[each] for each in sorted(blocks)]))
        for each in pending:
            self._place(*each).unlink(missing_ok=True)
        del self._pending[number]
        return found

    def keep_trace(self, run: int, suffix: str, content: bytes, digest: str) -> None:
        """Keep the trace of a failing run."""
        name = f"{TRACES}/run-{run:08}.{suffix}"
        write_whole(self.folder / name, content)
        others = [each for each in self.manifest.traces if each.run != run]
        traces = sorted([*others, Trace(run=run, file=name, sha256=digest)], key=lambda each: each.run)
        self.write(self.manifest.model_copy(update={"traces": traces}))

    def finish(self) -> None:
        """List the sweep as complete."""
        with suppress(OSError):
            (self.folder / PENDING).rmdir()
        self.write(self.manifest.model_copy(update={"complete": True}))

    def release(self) -> None:
        """Let others write."""
        self._lock.close()

    def _extent(self, number: int) -> tuple[int, int]:
        size = self.manifest.part
        return number * size, min((number + 1) * size, self.manifest.runs)

    def _place(self, first: int, last: int) -> Path:
        return self.folder / PENDING / f"{first:010}-{last:010}.npy"

    def _read(self, first: int, last: int) -> Rows:
        path = self._place(first, last)
        try:
            found = np.load(path, allow_pickle=False)
            return {name: np.ascontiguousarray(found[name]) for name in found.dtype.names} if len(found) else {}
        except (OSError, ValueError, EOFError, TypeError) as fault:
            raise damaged(path, str(fault)) from fault

    def _complete(self, number: int, rows: Rows) -> None:
        first, last = self._extent(number)
        name, digest = "", ""
        if rows:
            name = f"part-{number:05}.{self.table.form}"
            content = self.table.written(rows)
            write_whole(self.folder / name, content)
            digest = sha256(content).hexdigest()
        found = summary(rows, last - first, self.manifest.most_traces)
        part = Part(number=number, file=name, sha256=digest, **asdict(found))
        parts = sorted([*self.manifest.parts, part], key=lambda each: each.number)
        self.write(self.manifest.model_copy(update={"parts": parts}))

    def write(self, manifest: Manifest) -> None:
        """Replace the list of what there is."""
        text = json.dumps(manifest.model_dump(by_alias=True), indent=1, allow_nan=False) + "\n"
        write_whole(self.folder / MANIFEST, text.encode())
        self.manifest = manifest

    def resume(self) -> None:
        """Find what is pending; drop what is in a part already, and what was being written when a process ended."""
        for path in [*self.folder.glob(".*.*"), *self.folder.glob("*/.*.*")]:
            if _UNFINISHED.fullmatch(path.name):
                path.unlink(missing_ok=True)
        done = {part.number for part in self.manifest.parts}
        for path in sorted((self.folder / PENDING).glob("*.npy")):
            match = _PENDING_NAME.match(path.name)
            if match is None:
                continue
            first, last = int(match[1]), int(match[2])
            number = first // self.manifest.part
            if number in done:
                path.unlink(missing_ok=True)
            else:
                found = summary(self._read(first, last), last - first, self.manifest.most_traces)
                self._pending.setdefault(number, {})[first, last] = found


def _packed(rows: Rows) -> bytes:
    """Rows as one array of records."""
    count = len(rows["run"]) if rows else 0
    packed = np.empty(count, dtype=[(name, values.dtype) for name, values in rows.items()])
    for name, values in rows.items():
        packed[name] = values
    buffer = io.BytesIO()
    np.save(buffer, packed, allow_pickle=False)
    return buffer.getvalue()


def open_store(folder: Path, wanted: Manifest, table: Table, *, restart: bool) -> Store:
    """Begin a sweep in a folder, or go on where it stopped.

    Raises:
        DiagnosticError: D001, the folder cannot be written; U003, it has files that are no sweep's; S013, it has
            another sweep, or one that is running; S014, it is damaged.
    """
    if folder.exists() and (not folder.is_dir() or not all(_OWN.fullmatch(each.name) for each in folder.iterdir())):
        message = f"{folder} has files that are no results of a sweep"
        raise DiagnosticError(error("U003", message, help="choose another folder by --out"))
    lock = _locked(folder)
    try:
        found = None if restart else read_manifest(folder)
        if found is None:
            # Without the list nobody knows of which sweep the rest is.
            _clear(folder)
        else:
            _same(folder, found, wanted)
        store = Store(folder, found or wanted, table, lock)
        if found is None:
            store.write(wanted)
        store.resume()
    except BaseException:
        lock.close()
        raise
    return store


def _locked(folder: Path) -> IO[str]:
    """The lock of a folder; the system takes it from a process that ends, however it does."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError as fault:
        message = f"cannot write {folder}: {fault.strerror or fault}"
        raise DiagnosticError(error("D001", message, help="choose a folder that can be written")) from fault
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        message = f"another sweep is writing to {folder}"
        raise DiagnosticError(error("S013", message, help="wait for it, or choose another folder by --out")) from None
    return lock


def _clear(folder: Path) -> None:
    (folder / MANIFEST).unlink(missing_ok=True)
    for path in [*folder.glob("part-*"), *folder.glob(f"{PENDING}/*.npy"), *folder.glob(f"{TRACES}/run-*")]:
        path.unlink(missing_ok=True)


def _same(folder: Path, found: Manifest, wanted: Manifest) -> None:
    """Refuse to go on with something else."""
    differing = found.differences(wanted)
    if differing:
        what, _, _, undo = differing[0]
        message = f"the sweep in {folder} cannot go on: {what} has changed"
        notes = [f"{each} was {before} and is {after}" for each, before, after, _ in differing]
        raise DiagnosticError(
            error("S013", message, notes=notes, help=f"{undo}, or begin anew with --restart or another --out")
        )
