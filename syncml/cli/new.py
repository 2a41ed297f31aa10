"""`syncml new`: a folder with a small pipeline, a scenario and a test."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

from syncml.cli.declared import Argument
from syncml.cli.exit import ExitCode
from syncml.cli.output import echo, run
from syncml.diagnostics import DiagnosticError, error
from syncml.diagnostics.render import Format


def new(
    folder: Annotated[Path, Argument(metavar="DIR", help="The folder to create.", show_default=False)],
) -> None:
    """Create a folder with a small pipeline.

    It checks, verifies, simulates and exports as it stands, and has a test.
    """

    def body() -> ExitCode:
        written = create(folder)
        for path in written:
            echo(f"  created {path}")
        echo(f"Next: syncml verify {folder / 'pipeline.py'}")
        return ExitCode.OK

    run(Format.TEXT, body)


def create(folder: Path) -> list[Path]:
    """Copy the template into `folder`, which must be new or empty.

    Raises:
        DiagnosticError: U003 if the folder holds something, X001 if it cannot be written.
    """
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            advice = "name a folder that does not exist yet, or an empty one"
            raise DiagnosticError(error("U003", f"{folder} exists and is not an empty folder", help=advice))
        folder.mkdir(parents=True, exist_ok=True)
        return [_copy(entry, folder) for entry in template()]
    except OSError as fault:
        raise DiagnosticError(error("X001", f"cannot write {folder}: {fault.strerror}")) from fault


def template() -> list[Traversable]:
    """Return the files of the template."""
    entries = resources.files("syncml.cli").joinpath("template").iterdir()
    return sorted((entry for entry in entries if entry.is_file()), key=lambda entry: entry.name)


def _copy(entry: Traversable, folder: Path) -> Path:
    path = folder / entry.name
    path.write_bytes(entry.read_bytes())
    return path
