"""`syncml demo`: the whole way of the flagship pipeline, ending with one table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from syncml.cli.declared import Option
from syncml.cli.exit import ExitCode
from syncml.cli.output import echo, run
from syncml.cli.tables import print_table
from syncml.diagnostics.render import Format

FLAGSHIP = Path("scenarios") / "highway_acc"


def demo(
    folder: Annotated[Path, Option(metavar="DIR", help="The folder of the pipeline.")] = FLAGSHIP,
) -> None:
    """Check, prove, simulate, export and compare the flagship pipeline.

    Takes about two minutes on two cores; a fault is planted on the way, and has to be found.
    """

    def body() -> ExitCode:
        from syncml.demo import demonstrate

        rows = list(demonstrate(folder, lambda text: echo(f"... {text}", err=True)))
        table = [(row.what, row.found, "ok" if row.good else "WRONG") for row in rows]
        print_table(("what", "found", ""), table, {"ok": "green", "WRONG": "bold red"})
        return ExitCode.OK if all(row.good for row in rows) else ExitCode.REJECTED

    run(Format.TEXT, body)
