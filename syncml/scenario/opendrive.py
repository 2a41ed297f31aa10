"""OpenDRIVE: one road of lines, arcs, spirals and lanes.

Rule: what bears on where lanes are is read, or reported as not supported: a cubic reference line, junctions, several
roads, superelevation, heights of more than nothing. What only describes a lane (its type, marks, material, speed
limits, objects and signals beside it) is skipped.
"""

from __future__ import annotations

import math
from pathlib import Path

from syncml.diagnostics.model import Collector, DiagnosticError, Span, error
from syncml.scenario.roads import Piece, Road, Width, road
from syncml.scenario.xml import Element, read_xml

_SKIPPED = ("link", "type", "objects", "signals", "surface", "userData", "dataQuality", "include", "railroad")
_OF_LANES = ("link", "roadMark", "material", "speed", "access", "height", "rule", "userData", "visibility")


def read_road(path: Path, used_at: Span | None = None) -> Road:
    """The road of an OpenDRIVE file.

    Raises:
        DiagnosticError: D001 or D008 the file, S009 its geometry, S010 what is not supported, with lines.
    """
    top = read_xml(path, "OpenDRIVE", "reading OpenDRIVE", used_at)
    found = Collector()
    top.only(found, "header", "road", "userData", "controller")
    roads = top.all("road")
    if len(roads) > 1:
        for other in roads[1:]:
            message = "a network of several roads is not supported"
            found.add(error("S010", message, other.span, help="keep the road on which the scenario takes place"))
    given = top.one("road")
    given.only(found, "planView", "lanes", "elevationProfile", "lateralProfile", *_SKIPPED)
    for profile in ("elevationProfile", "lateralProfile"):
        for outer in given.all(profile):
            _flat(outer, found)
    left_hand = given.chosen("rule", {"RHT": False, "LHT": True}, "RHT")
    pieces = [piece for g in given.one("planView").all("geometry") if (piece := _piece(g, found)) is not None]
    lanes = given.one("lanes")
    lanes.only(found, "laneOffset", "laneSection", "userData")
    cubics = [(o.number("s"), *_cubic(o)) for o in lanes.all("laneOffset")]
    sections = lanes.all("laneSection")
    starts = [section.number("s") for section in sections]
    widths = [
        width
        for section, start, end in zip(sections, starts, [*starts[1:], math.inf], strict=True)
        for width in _section(section, start, end, found)
    ]
    found.raise_if_errors()
    if not sections:
        raise DiagnosticError(error("S009", "the road has no lanes", lanes.span))
    return road(pieces, widths, cubics, left_hand=bool(left_hand), span=given.span)


def _flat(profile: Element, found: Collector) -> None:
    """A profile of a plane road says nothing but zeros."""
    for inner in profile.children():
        numbers = [inner.number(key, 0.0) for key in ("a", "b", "c", "d")]
        if any(numbers[1:]) or (inner.tag != "elevation" and numbers[0]):
            found.extend(inner.unsupported().diagnostics)


def _cubic(element: Element) -> tuple[float, float, float, float]:
    return element.number("a"), element.number("b"), element.number("c"), element.number("d")


def _piece(geometry: Element, found: Collector) -> Piece | None:
    kind = next((child for child in geometry.children() if child.tag != "userData"), None)
    bends = (0.0, 0.0)
    match kind.tag if kind is not None else "":
        case "line":
            pass
        case "arc" if kind is not None:
            bend = kind.number("curvature")
            bends = (bend, bend)
        case "spiral" if kind is not None:
            bends = (kind.number("curvStart"), kind.number("curvEnd"))
        case _:
            found.extend((kind or geometry).unsupported().diagnostics)
            return None
    s, x, y, heading, length = (geometry.number(key) for key in ("s", "x", "y", "hdg", "length"))
    return Piece(s, x, y, heading, length, *bends, geometry.span)


def _section(section: Element, start: float, end: float, found: Collector) -> list[Width]:
    section.only(found, "left", "center", "right", "userData")
    widths: list[Width] = []
    for side in ("left", "right"):
        for outer in section.all(side):
            for lane in outer.all("lane"):
                lane.only(found, "width", *_OF_LANES)
                number = int(lane.number("id"))
                widths += [
                    Width((start, end), number, start + w.number("sOffset"), _cubic(w)) for w in lane.all("width")
                ]
    return widths
