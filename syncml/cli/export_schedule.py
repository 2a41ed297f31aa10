"""The drawing of the cyclic executive in an exported package: operations of each tick of the hyperperiod, by clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncml.export_c.draft import Draft, Files, Part
    from syncml.pipeline import Checked

DRAWING = "evidence/schedule.svg"
MOST_TICKS = 2000
"""More bars than that are no picture; `syncml schedule` has the table."""


def drawn_schedule(checked: Checked) -> tuple[Part, ...]:
    """The part with the drawing; none for a program with one rate, or with a hyperperiod too long to be drawn."""
    from syncml.clock_calculus import hyperperiod

    if not 1 < sum(hyperperiod(checked.flat.clocks.values())) <= MOST_TICKS:
        return ()

    def part(_: Draft) -> Files:
        from syncml.cli.schedule_svg import to_svg
        from syncml.cli.schedule_table import schedule_as_written

        return {DRAWING: to_svg(schedule_as_written(checked)).encode()}

    return (part,)
