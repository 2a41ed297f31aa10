"""A run from above as a part of a page: it plays, pauses, and goes to any tick; it needs no other file.

Without scripts the picture is that of the tick at which something fails, or of the first one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from syncml.cli.top_view import (
    CENTRE,
    COLLISION,
    EGO,
    EGO_AT,
    GLASS,
    GROUND,
    HALO,
    HEIGHT,
    HIT,
    OTHER,
    PAINT,
    ROAD,
    SMALL,
    STRIP,
    WIDTH,
    camera,
    name_above,
    scale,
    shown_ticks,
    told,
)

if TYPE_CHECKING:
    from syncml.scenario.movement import Line, Movement

RATE, MOST = 25.0, 2000
"""Pictures a second, and at most."""

STYLE = f"""
.top-view {{ margin: 1rem 0; max-width: {WIDTH}px; }}
.top-view svg {{ display: block; width: 100%; height: auto; background: {GROUND}; border-radius: .4rem .4rem 0 0; }}
.top-view .lane {{ fill: {ROAD}; stroke: {ROAD}; stroke-width: .1; }}
.top-view path.line {{ fill: none; stroke: {PAINT}; stroke-width: .18; }}
.top-view path.between {{ stroke-dasharray: 3 6; }}
.top-view path.centre {{ stroke: {CENTRE}; stroke-dasharray: 3 3; }}
.top-view .body {{ fill: {OTHER}; stroke: {GLASS}; stroke-width: .08; }} .top-view .ego .body {{ fill: {EGO}; }}
.top-view .strip {{ fill: {PAINT}; }} .top-view .halo {{ fill: none; stroke: {CENTRE}; stroke-width: .25; }}
.top-view .hit .halo {{ stroke: {HIT}; }}
.top-view .hit .body {{ fill: {HIT}; }} .top-view .glass {{ fill: {GLASS}; opacity: .75; }}
.top-view svg text {{ font: 12px system-ui, sans-serif; fill: #1c2030; text-anchor: middle;
  paint-order: stroke; stroke: #fff; stroke-width: 3px; stroke-linejoin: round; }}
.top-view svg text.told {{ font-size: 15px; text-anchor: start; white-space: pre; font-variant-numeric: tabular-nums; }}
.top-view svg text.told.hit {{ fill: {HIT}; }}
.top-view .controls {{ display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; padding: .4rem .6rem;
  background: #eceef2; border-radius: 0 0 .4rem .4rem; }}
.top-view .controls[hidden] {{ display: none; }} .top-view .controls input {{ flex: 1 1 14rem; }}
.top-view button, .top-view select {{ font: 13px system-ui, sans-serif; padding: .15rem .6rem; border-radius: .3rem;
  border: 1px solid #b9bec9; background: #fff; color: #1c2030; cursor: pointer; }}
.top-view .play {{ min-width: 4.2rem; }} .top-view .moment {{ color: {HIT}; }}
"""

SCRIPT = """
for (const view of document.querySelectorAll(".top-view")) {
  const run = JSON.parse(view.querySelector(".run").textContent);
  const find = name => view.querySelector(name), last = run.told.length - 1;
  const world = find(".world"), told = find(".told"), at = find("input"), play = find(".play"), pace = find("select");
  const actors = [...view.querySelectorAll(".actor")], names = [...view.querySelectorAll(".name")];
  let playing = false, fresh = true, clock = 0, before = 0;
  const draw = n => {
    const k = run.scale, cos = k * Math.cos(run.ahead[n]), sin = k * Math.sin(run.ahead[n]);
    const [x, y] = run.boxes[n][run.ego];
    const e = run.at[0] - cos * x - sin * y, f = run.at[1] - sin * x + cos * y;
    world.setAttribute("transform", `matrix(${cos} ${sin} ${sin} ${-cos} ${e} ${f})`);
    run.boxes[n].forEach(([x, y, degrees, hit], i) => {
      actors[i].setAttribute("transform", `translate(${x} ${y}) rotate(${degrees})`);
      actors[i].classList.toggle("hit", hit === 1);
      names[i].setAttribute("x", cos * x + sin * y + e);
      names[i].setAttribute("y", sin * x - cos * y + f - run.above[i]);
    });
    told.textContent = run.told[n];
    told.classList.toggle("hit", run.told[n].endsWith(run.collision));
    at.value = n;
  };
  const go = n => { fresh = false; clock = run.time[n]; draw(n); };
  const stop = () => { playing = false; play.textContent = "Play"; };
  const step = now => {
    if (!playing) return;
    clock += (now - before) / 1000 * Number(pace.value);
    before = now;
    let n = Number(at.value);
    while (n < last && run.time[n + 1] <= clock) n += 1;
    draw(n);
    if (n === last) stop(); else requestAnimationFrame(step);
  };
  play.onclick = () => {
    if (playing) { stop(); return; }
    if (fresh || Number(at.value) === last) go(0);
    playing = true; play.textContent = "Pause"; before = performance.now();
    requestAnimationFrame(step);
  };
  at.oninput = () => { stop(); go(Number(at.value)); };
  for (const moment of view.querySelectorAll(".moment"))
    moment.onclick = () => { stop(); go(Number(moment.dataset.frame)); };
  find(".controls").hidden = false;
}
"""


def page_part(views: Sequence[str]) -> str:
    """What a page needs besides its views: their style and their script; nothing if it has none."""
    return f"<style>{STYLE}</style>\n<script>{SCRIPT}</script>" if views else ""


def top_view(moved: Movement, failures: Sequence[tuple[str, int]] = ()) -> str:
    """A run from above, as an element of a page; empty if there is nothing to show.

    Args:
        moved: The run.
        failures: Contracts that failed, each with its first failing tick.
    """
    if not moved.ticks:
        return ""
    moments = [(name, tick) for name, tick in failures if tick < moved.ticks]
    if moved.collision is not None:
        moments.append((COLLISION, moved.collision))
    moments.sort(key=lambda moment: (moment[1], moment[0] != COLLISION))
    ticks = shown_ticks(moved, RATE, MOST, [tick for _, tick in moments])
    return "\n".join(_parts(moved, ticks, moments))


def _parts(moved: Movement, ticks: list[int], moments: list[tuple[str, int]]) -> Iterator[str]:
    first = ticks.index(moments[0][1]) if moments else 0
    tick, pixels = ticks[first], scale(moved)
    seen = camera(moved, tick, pixels)
    above = [name_above(moved, i, pixels) for i in range(len(moved.actors))]
    boxes = [[_box(moved, at, i) for i in range(len(moved.actors))] for at in ticks]
    yield f'<div class="top-view"><svg role="img" viewBox="0 0 {WIDTH} {HEIGHT}"><title>The run from above</title>'
    numbers = " ".join(f"{number:.6f}" for number in (seen.a, seen.b, seen.c, seen.d, seen.e, seen.f))
    yield f'<g class="world" transform="matrix({numbers})">'
    for lane in moved.road.lanes:
        yield f'<path class="lane" d="{_path(lane)}Z"/>'
    for mark, line in moved.road.lines:
        yield f'<path class="line {mark}" d="{_path(line)}"/>'
    for i, (length, width) in enumerate(moved.sizes.tolist()):
        x, y, degrees, hit = boxes[first][i]
        kind = ("actor ego" if i == moved.ego else "actor") + (" hit" if hit else "")
        yield f'<g class="{kind}" transform="translate({x} {y}) rotate({degrees})">'
        if max(length, width) <= SMALL:
            yield f'<circle class="halo" r="{HALO}"/>'
        yield f'<rect class="body" {_rectangle(-0.5 * length, -0.5 * width, length, width, 0.2 * width)}/>'
        # The windscreen says where the front is.
        yield f'<rect class="glass" {_rectangle(0.12 * length, -0.4 * width, 0.14 * length, 0.8 * width, 0.0)}/></g>'
    yield "</g>"
    for i, name in enumerate(moved.actors):
        x, y = seen.place(float(boxes[first][i][0]), float(boxes[first][i][1]))
        yield f'<text class="name" x="{x:.1f}" y="{y - above[i]:.1f}">{escape(name)}</text>'
    figures = told(moved, tick)
    kind = "told hit" if figures.endswith(COLLISION) else "told"
    yield f'<rect class="strip" width="{WIDTH}" height="{STRIP}"/>'
    yield f'<text class="{kind}" x="12" y="24">{escape(figures)}</text></svg>'
    yield '<div class="controls" hidden><button class="play" type="button">Play</button>'
    yield f'<input type="range" min="0" max="{len(ticks) - 1}" value="{first}" aria-label="time">'
    paces = ((0.25, "¼"), (0.5, "½"), (1, "1"), (2, "2"), (4, "4"))
    chosen = "".join(f'<option value="{n}"{" selected" if n == 1 else ""}>{text}&times;</option>' for n, text in paces)
    yield f'<select aria-label="speed">{chosen}</select>'
    for at, group in groupby(moments, key=lambda moment: moment[1]):
        names = [name if name == COLLISION else f"{name} fails" for name, _ in group]
        text = f"{at * moved.period:.2f} s: {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")
        place = f'data-frame="{ticks.index(at)}" title="{escape(", ".join(names))}"'
        yield f'<button class="moment" type="button" {place}>{escape(text)}</button>'
    run = {
        "ego": moved.ego,
        "scale": round(pixels, 4),
        "at": EGO_AT,
        "collision": COLLISION,
        "above": [round(number, 1) for number in above],
        "time": [round(at * moved.period, 6) for at in ticks],
        "ahead": [round(float(moved.ahead[at]), 5) for at in ticks],
        "boxes": boxes,
        "told": [told(moved, at) for at in ticks],
    }
    # A name of an actor could end the element.
    text = json.dumps(run, separators=(",", ":")).replace("<", "\\u003c")
    yield f'</div><script type="application/json" class="run">{text}</script></div>'


def _box(moved: Movement, tick: int, i: int) -> tuple[float, float, float, int]:
    """The middle of a box in metres, its heading in degrees, and whether it touches another one."""
    degrees = float(moved.heading[tick, i]) * 57.29577951308232
    x, y = float(moved.x[tick, i]), float(moved.y[tick, i])
    return round(x, 3), round(y, 3), round(degrees, 2), int(moved.touching[tick, i])


def _path(line: Line) -> str:
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in line)


def _rectangle(x: float, y: float, width: float, height: float, round_: float) -> str:
    return f'x="{x:.3f}" y="{y:.3f}" width="{width:.3f}" height="{height:.3f}" rx="{round_:.3f}"'
