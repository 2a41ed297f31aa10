"""What `--plot` writes: the streams of a run, and the run from above if there are other actors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from syncml.cli.sim_text import facts
from syncml.cli.simulation import from_above, worth_drawing
from syncml.cli.top_view_gif import write_gif
from syncml.cli.top_view_html import page_part, top_view
from syncml.sim.plot import write_plot

if TYPE_CHECKING:
    from syncml.cli.simulation import Simulation


def plot_run(shown: Simulation, path: Path, title: str, *, every_stream: bool) -> None:
    """Write the plot of a run in the form of its suffix.

    Raises:
        DiagnosticError: U001 unknown suffix, or a GIF of a run without actors; D001 not writable, D006 a package is
            missing.
    """
    if path.suffix == ".gif":
        write_gif(from_above(shown), path)
        return
    above = ""
    if path.suffix == ".html" and (moved := from_above(shown)) is not None:
        view = top_view(moved, shown.failures)
        above = view + page_part([view])
    drawn = shown.trace if every_stream else worth_drawing(shown)
    write_plot(drawn, path, title, facts(shown), shown.failures, above)
