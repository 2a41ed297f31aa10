"""Tables on the screen; in a file or a pipe no cell is wrapped or cut."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

GAP = "   "


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], tints: Mapping[Any, str] | None = None) -> None:
    """Print rows below column titles; a cell whose text is a key of `tints` has that colour."""
    if sys.stdout.isatty():
        _on_screen(columns, rows, tints or {})
        return
    lines = [columns, *rows]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    for line in lines:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        sys.stdout.write(GAP.join(padded).rstrip() + "\n")


def _on_screen(columns: Sequence[str], rows: Sequence[Sequence[str]], tints: Mapping[Any, str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, padding=(0, len(GAP), 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell, style=tints.get(cell, "")) for cell in row))
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        sys.stdout.write(line.rstrip() + "\n")
