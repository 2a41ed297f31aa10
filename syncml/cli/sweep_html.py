"""The report of a sweep: a page that needs nothing else, and JUnit XML.

What became of the runs, which clause failed how often, where among the parameters, how the measures are distributed,
how near the runs came to breaking each promise, and the worst of them, with their parameters, the run from above among
actors, their signals and the command that makes them again.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as Tree

from syncml.cli.page_html import page, table
from syncml.diagnostics.model import DiagnosticError, error
from syncml.files import write_whole
from syncml.sim.margins import TOUCH
from syncml.sweep.plan import PARAMETER
from syncml.sweep.rows import FAILED, OUTSIDE, PASSED, VERDICTS
from syncml.sweep.score import Axis, Distribution, Map, Score, score

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from syncml.scenario.runners import RunOne
    from syncml.search.worst import Near
    from syncml.sweep.plan import Sweep
    from syncml.sweep.store import Store

DRAWN = 5
"""How many of the worst runs are shown."""
CELL, LEFT, BOTTOM, NARROW = 22, 84, 40, 120
COLUMNS, HEIGHT = 300, 90

STYLE = """
:root { --passed: #2f8f5b; --failed: #c0262d; --outside: #d9a13b; --none: #e6e8ee; }
@media (prefers-color-scheme: dark) {
  :root { --passed: #3f9f6b; --failed: #e2565c; --outside: #c9943a; --none: #2a2f39; } }
.grid { display: flex; gap: 1.6rem; flex-wrap: wrap; } figure { margin: 0; } figcaption { font-size: .9rem; }
svg text { font: 10px system-ui, sans-serif; fill: var(--ink); }
.key span { margin-right: 1.2rem; } .key i { display: inline-block; width: .8rem; height: .8rem; border-radius: 2px;
  margin-right: .35rem; vertical-align: -1px; }
.signals { background: #fff; border-radius: .4rem; margin: .6rem 0; overflow-x: auto; }
.signals svg { max-width: 100%; height: auto; }
.signals svg text { fill: #000; }
"""


def needed(path: Path) -> None:
    """Check that a report can be made.

    Raises:
        DiagnosticError: U001, its form is unknown; D006, matplotlib is missing.
    """
    from syncml.extras import optional

    if path.suffix not in (".html", ".xml"):
        message = f"no report is called {path.suffix or path.name!r}"
        raise DiagnosticError(error("U001", message, help="use .html, or .xml for JUnit"))
    if path.suffix == ".html":
        optional("matplotlib", "drawing a plot", "plot")


def write_report(path: Path, target: str, sweep: Sweep, store: Store, trace: Callable[[], RunOne]) -> None:
    """Write the report in the form of its suffix.

    Raises:
        DiagnosticError: D001, it cannot be written, or results cannot be read.
    """
    found = score(store)
    if path.suffix == ".xml":
        write_whole(path, render_junit(target, sweep, store, found).encode())
    else:
        body = _body(target, sweep, store, found, trace)
        write_whole(path, page(f"Sweep of {target}", body, STYLE).encode())


def render_junit(target: str, sweep: Sweep, store: Store, found: Score) -> str:
    """A test case for each clause: it fails if it is the first promise that is broken in some run."""
    broken = sum(1 for _, failed in found.clauses.values() if failed)
    suites = Tree.Element("testsuites", name="syncml sweep")
    suite = Tree.SubElement(
        suites, "testsuite", name=sweep.template.name, tests=str(len(found.clauses)), failures=str(broken), errors="0"
    )
    total = store.summary
    for name, (_, failed) in found.clauses.items():
        case = Tree.SubElement(suite, "testcase", classname=sweep.flat.label, name=name)
        if failed:
            again = f"syncml replay {store.folder} {total.failing[0]}" if total.failing else ""
            message = f"broken first in {failed:,} of {total.runs - total.left_out:,} runs"
            Tree.SubElement(case, "failure", message=message, type="failed").text = again
    properties = Tree.SubElement(suite, "properties")
    for key, value in _facts(target, sweep, store).items():
        Tree.SubElement(properties, "property", name=key, value=value)
    Tree.indent(suites)
    return Tree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _facts(target: str, sweep: Sweep, store: Store) -> dict[str, str]:
    identity = sweep.identity
    return {
        "program": f"{target} ({identity.program[:16]})",
        "scenario": f"{sweep.template.name}, {sweep.plan.scenario.name} ({identity.scenario[:16]})",
        "seed": str(identity.seed),
        "results": str(store.folder),
        "version": f"syncml {identity.version}",
    }


def _body(target: str, sweep: Sweep, store: Store, found: Score, trace: Callable[[], RunOne]) -> Iterator[str]:
    total = store.summary
    made = total.runs - total.left_out
    yield f'<h1>Sweep of <span class="mono">{escape(target)}</span></h1>'
    yield '<div class="tiles">'
    tiles = [
        ("runs", made, ""),
        ("passed", total.verdicts[PASSED], "proved"),
        ("failed", total.verdicts[FAILED], "violated"),
    ]
    tiles += [("outside", total.verdicts[OUTSIDE], "unknown"), ("left out", total.left_out, "")]
    tiles += [("collisions", total.collisions, "")] if sweep.has_actors else []
    for name, count, kind in tiles:
        share = (
            f' <span class="dim">{100 * count / made:.3g} %</span>' if made and name not in ("runs", "left out") else ""
        )
        yield f'<div class="tile {kind}"><b>{count:,}</b>{name}{share}</div>'
    yield "</div><dl>"
    yield "".join(f"<dt>{k}</dt><dd>{escape(v)}</dd>" for k, v in _facts(target, sweep, store).items()) + "</dl>"
    yield "<h2>Clauses</h2>"
    rows = [
        (escape(name), "assumption" if assumed else "promise", f"{first:,}", f"{100 * first / made:.3g} %")
        for (name, (first, _)), assumed in zip(found.clauses.items(), sweep.clauses.assumed, strict=True)
        if first
    ]
    if rows:
        yield from table(("clause", "kind", "failed first in", "of all runs"), rows)
    silent = len(found.clauses) - len(rows)
    yield f'<p class="dim">{silent} of {len(found.clauses)} clauses are in no run the first to fail.</p>'
    yield (
        '<p class="key dim">'
        + "".join(
            f'<span><i style="background: var(--{name})"></i>{text}</span>'
            for name, text in (("passed", "passed"), ("failed", "failed"), ("outside", "outside of the assumptions"))
        )
        + "</p>"
    )
    if found.maps:
        yield '<h2>Where runs fail</h2><p class="dim">A cell is as red as the share of its runs that fail.</p>'
        yield '<div class="grid">' + "\n".join(map(_map, found.maps)) + "</div>"
    for title, listed in (("Parameters", found.parameters), ("Measures", found.measures)):
        if listed:
            yield f'<h2>{title}</h2><div class="grid">' + "\n".join(map(_histogram, listed)) + "</div>"
    yield from _worst(sweep, store, trace)


def _worst(sweep: Sweep, store: Store, trace: Callable[[], RunOne]) -> Iterator[str]:
    from syncml.cli.simulation import from_above, simulation_of, worth_drawing
    from syncml.cli.top_view_html import page_part, top_view
    from syncml.search.worst import nearness, worst_runs
    from syncml.sim.plot import drawing

    measured, near = nearness(sweep, store, DRAWN)
    if not near:
        return
    worst = worst_runs(near, DRAWN)
    yield "<h2>How near the runs come to a failure</h2>"
    made = sum(store.summary.verdicts)
    which = "of all runs" if measured == made else f"of {measured:,} of {made:,} runs, the failing ones among them"
    yield f'<p class="dim">The margin of a promise in a run, {which}: how far it is from failing, below zero where it'
    yield "does, in the unit of what it compares. A promise that many runs touch alike has no worst run.</p>"
    titles = ("promise", "broken in", "least margin", "median margin", "worst run")
    yield from table(titles, map(_row(worst), (each for each in near if each.worst)))
    if alike := [each for each in near if not each.worst]:
        yield f"<details><summary>{len(alike)} promises without a worst run</summary>"
        yield from table(titles[:4], (_row(worst)(each)[:4] for each in alike))
        yield "</details>"
    if not worst:
        return
    yield "<h2>Worst runs</h2>"
    run_one = trace()
    views: list[str] = []
    for number, promise, margin in worst:
        ran = sweep.run(number, run_one)
        (row,) = store.table.shown(sweep.row(number, ran))
        yield f'<section class="card" id="run{number}"><header><h3>Run {number}</h3>'
        if row["verdict"] == VERDICTS[FAILED]:
            yield f'<b class="violated">{escape(row["clause"])}</b><span class="dim">fails at tick {row["tick"]}</span>'
        yield f'<span class="dim">margin of <b>{escape(promise)}</b>: {_margin(margin)}</span></header><dl>'
        given = {n.removeprefix(PARAMETER): v for n, v in row.items() if n.startswith(PARAMETER)} | {
            "seed": row["seed"]
        }
        yield "".join(f"<dt>{escape(name)}</dt><dd>{escape(_short(value))}</dd>" for name, value in given.items())
        again = f"syncml replay {store.folder} {number}"
        yield f"<dt>again</dt><dd><code>{escape(again)}</code></dd></dl>"
        shown = simulation_of(sweep.checked, ran, 0.0, every_stream=False)
        if (moved := from_above(shown)) is not None:
            views.append(top_view(moved, shown.failures))
            yield views[-1]
        yield f'<div class="signals">{drawing(worth_drawing(shown), f"Run {number}", shown.failures)}</div></section>'
    yield page_part(views)


def _row(worst: Sequence[tuple[int, str, float]]) -> Callable[[Near], tuple[str, ...]]:
    """What makes the row of a promise; runs that are shown are linked."""
    shown = {run for run, _, _ in worst}

    def row(near: Near) -> tuple[str, ...]:
        first = near.worst[0][0] if near.worst else None
        run = "" if first is None else f'<a href="#run{first}">{first}</a>' if first in shown else str(first)
        return escape(near.promise), f"{near.failing:,}", _margin(near.least), _margin(near.median), run

    return row


def _margin(value: float) -> str:
    """A margin; the least that there is stands for sides that are equal."""
    return "0" if abs(value) <= TOUCH else _short(value)


def _map(found: Map) -> str:
    across, up = found.across, found.up
    width, height = LEFT + across.parts * CELL + 8, up.parts * CELL + BOTTOM + 4
    parts = [f'<svg role="img" width="{width}" height="{height}" viewBox="0 0 {width} {height}">']
    for i in range(across.parts):
        for j in range(up.parts):
            counts = found.counts[i, j]
            runs = int(counts.sum())
            x, y = LEFT + i * CELL, (up.parts - 1 - j) * CELL + 2
            colour = "var(--none)" if not runs else _mixed(int(counts[FAILED]), int(counts[OUTSIDE]), runs)
            told = f"{_part(across, i)}, {_part(up, j)}: {runs:,} runs"
            told += f", {counts[FAILED]:,} failed, {counts[OUTSIDE]:,} outside"
            parts.append(
                f'<rect x="{x}" y="{y}" width="{CELL - 1}" height="{CELL - 1}" style="fill: {colour}">'
                f"<title>{escape(told)}</title></rect>"
            )
    bottom = up.parts * CELL + 16
    parts.append(f'<text x="{LEFT}" y="{bottom}">{_short(across.low)}</text>')
    # Below a narrow map the greatest value has no room beside the least one.
    below = bottom if across.parts * CELL >= NARROW else bottom + 11
    parts.append(f'<text x="{width - 8}" y="{below}" text-anchor="end">{_short(across.high)}</text>')
    parts.append(f'<text x="{LEFT - 5}" y="{up.parts * CELL - 4}" text-anchor="end">{_short(up.low)}</text>')
    parts.append(f'<text x="{LEFT - 5}" y="14" text-anchor="end">{_short(up.high)}</text></svg>')
    caption = f"across: {_name(across)}, up: {_name(up)}"
    return f"<figure>{''.join(parts)}<figcaption>{escape(caption)}</figcaption></figure>"


def _mixed(failed: int, outside: int, runs: int) -> str:
    """Red for what failed, over yellow for what is outside, over green."""
    inner = f"color-mix(in srgb, var(--outside) {100 * outside / max(1, runs - failed):.0f}%, var(--passed))"
    return f"color-mix(in srgb, var(--failed) {100 * failed / runs:.0f}%, {inner})"


def _histogram(found: Distribution) -> str:
    most = max(1, int(found.counts.sum(axis=1).max()))
    width = COLUMNS / found.axis.parts
    parts = [f'<svg role="img" width="{COLUMNS}" height="{HEIGHT + 18}" viewBox="0 0 {COLUMNS} {HEIGHT + 18}">']
    for i in range(found.axis.parts):
        top = float(HEIGHT)
        told = f"{_part(found.axis, i)}: {int(found.counts[i].sum()):,} runs, {int(found.counts[i, FAILED]):,} failed"
        for name, number in (("failed", FAILED), ("outside", OUTSIDE), ("passed", PASSED)):
            height = HEIGHT * int(found.counts[i, number]) / most
            top -= height
            if height:
                parts.append(
                    f'<rect x="{i * width:.1f}" y="{top:.1f}" width="{max(1.0, width - 1):.1f}" height="{height:.1f}" '
                    f'style="fill: var(--{name})"><title>{escape(told)}</title></rect>'
                )
    parts.append(f'<text x="0" y="{HEIGHT + 13}">{_short(found.axis.low)}</text>')
    parts.append(f'<text x="{COLUMNS}" y="{HEIGHT + 13}" text-anchor="end">{_short(found.axis.high)}</text></svg>')
    return f"<figure>{''.join(parts)}<figcaption>{escape(_name(found.axis))}</figcaption></figure>"


def _name(axis: Axis) -> str:
    return axis.name.removeprefix(PARAMETER)


def _part(axis: Axis, part: int) -> str:
    low, high = axis.edges(part)
    return f"{_name(axis)} {_short(low)}" + (f" to {_short(high)}" if high > low else "")


def _short(value: float | str) -> str:
    """A number with six digits; a text as it is."""
    try:
        return f"{float(value):.6g}" if not str(value).isdigit() else str(value)
    except ValueError:
        return str(value)
