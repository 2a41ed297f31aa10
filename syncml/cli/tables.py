"""Tables on the screen; in a file or a pipe no cell is wrapped or cut."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

# Wider than any row: a pipe has no columns to fit into.
UNBOUNDED = 10_000


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], tints: Mapping[Any, str] | None = None) -> None:
    """Print rows below column titles; a cell whose text is a key of `tints` has that colour."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    screen: dict[str, Any] = {} if sys.stdout.isatty() else {"width": UNBOUNDED}
    console = Console(highlight=False, **screen)
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell, style=(tints or {}).get(cell, "")) for cell in row))
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        sys.stdout.write(line.rstrip() + "\n")
