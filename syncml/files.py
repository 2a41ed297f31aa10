"""Files that are written whole or not at all, and faults of files as diagnostics."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Generator
from contextvars import ContextVar
from pathlib import Path

from syncml.diagnostics.model import DiagnosticError, Span, error


def cache_folder() -> Path:
    """Where what can be computed again is kept: ``SYNCML_CACHE_DIR``, or the user's folder for caches."""
    chosen = os.environ.get("SYNCML_CACHE_DIR")
    if chosen:
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "syncml"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home()))) / "syncml" / "Cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "syncml"


def write_whole(path: Path, content: bytes) -> None:
    """Replace ``path`` by ``content`` in one step; on any failure the old file stays.

    Raises:
        DiagnosticError: D001, the file cannot be written.
    """
    # Loaded where it is needed.
    import tempfile

    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)  # noqa: PTH101 - a temporary file is private; the result is an ordinary one
        os.replace(temporary, path)  # noqa: PTH105 - same folder, so the replacement is atomic
    except OSError as fault:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108 - it may not exist
        message = f"cannot write {path}: {fault.strerror or fault}"
        full = fault.errno in (errno.ENOSPC, errno.EDQUOT)
        advice = "free some space on the disk" if full else "choose a folder that can be written"
        raise DiagnosticError(error("D001", message, help=advice)) from fault


def check_place(path: Path) -> None:
    """Refuse a file that cannot be written, before the work whose result it is to hold; nothing is made.

    Raises:
        DiagnosticError: D001, it is a folder, or the folder in which it is to be cannot be written.
    """
    nearest = next(each for each in path.absolute().parents if each.exists())
    if path.is_dir():
        why = "it is a folder"
    elif not nearest.is_dir():
        why = f"{nearest.name} is no folder"
    elif not os.access(nearest, os.W_OK | os.X_OK):
        why = os.strerror(errno.EACCES)
    else:
        return
    message = f"cannot write {path}: {why}"
    raise DiagnosticError(error("D001", message, help="choose a folder that can be written"))


_read: ContextVar[dict[Path, str] | None] = ContextVar("files that were read", default=None)


@contextlib.contextmanager
def noted_reads() -> Generator[dict[Path, str]]:
    """The digests of the files of scenarios that are read meanwhile."""
    found: dict[Path, str] = {}
    token = _read.set(found)
    try:
        yield found
    finally:
        _read.reset(token)


def note_read(path: Path, content: bytes) -> None:
    """Say that what is being read depends on a file."""
    found = _read.get()
    if found is not None:
        # Loaded where it is needed.
        from hashlib import sha256

        found[path.resolve()] = sha256(content).hexdigest()


def read_text(path: Path) -> str:
    """The text of a UTF-8 file.

    Raises:
        DiagnosticError: D001, the file is missing, unreadable or not UTF-8.
    """
    try:
        content = path.read_bytes()
        note_read(path, content)
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except (OSError, UnicodeDecodeError) as fault:
        reason = fault.strerror or str(fault) if isinstance(fault, OSError) else "it is not UTF-8 text"
        raise DiagnosticError(error("D001", f"cannot read {path}: {reason}", Span.point(str(path)))) from fault
