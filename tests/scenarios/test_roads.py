"""Roads against an independent integration, closed forms and each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.special import fresnel

from syncml.diagnostics.model import DiagnosticError
from syncml.scenario.roads import Piece, Road, Width, along, lane_centre, lane_width, road, to_road, to_world


def chain(bends: list[tuple[float, float, float]], widths: list[Width] | None = None) -> Road:
    """A road of pieces (length, curvature at the start, at the end), each starting where the last one ends."""
    s, x, y, heading = 0.0, 3.0, -2.0, 0.3
    pieces: list[Piece] = []
    for length, first, last in bends:
        piece = Piece(s, x, y, heading, length, first, last)
        pieces.append(piece)
        x, y, heading = along(road([piece], []).line[0], length)
        s += length
    return road(pieces, widths or [])


def integrated(line: Road, s: float) -> tuple[float, float]:
    """The reference line by a Runge-Kutta method of order 8 on x' = cos h, y' = sin h, h' = k."""
    x, y, heading = line.line[0, 1:4]
    for row in line.line:
        length = min(max(s - row[0], 0.0), row[4])
        if length > 0.0:

            def slope(u: float, state: np.ndarray, row: np.ndarray = row) -> list[float]:
                return [math.cos(state[2]), math.sin(state[2]), row[5] + row[6] * u]

            found = solve_ivp(slope, (0.0, length), [x, y, heading], method="DOP853", rtol=1e-13, atol=1e-12)
            x, y, heading = found.y[:, -1]
    return float(x), float(y)


BENDS = st.tuples(st.floats(5.0, 300.0), st.floats(-0.02, 0.02), st.floats(-0.02, 0.02))


@settings(max_examples=25, deadline=None)
@given(st.lists(BENDS, min_size=1, max_size=4), st.floats(0.0, 1.0))
def test_the_reference_line_is_the_integral_of_its_curvature(
    bends: list[tuple[float, float, float]], part: float
) -> None:
    line = chain(bends)
    s = part * line.length
    x, y, _ = to_world(line.line, s, 0.0)
    assert (x, y) == pytest.approx(integrated(line, s), abs=1e-9)


def test_an_arc_is_a_circle_and_a_spiral_is_the_clothoid() -> None:
    x, y, heading = along(road([Piece(0, 0, 0, 0, 2000.0, 0.01, 0.01)], []).line[0], 2000.0)
    assert (x, y, heading) == pytest.approx((100 * math.sin(20), 100 * (1 - math.cos(20)), 20.0), abs=1e-9)
    rate, length = 0.0004, 250.0
    x, y, _ = along(road([Piece(0, 0, 0, 0, length, 0.0, rate * length)], []).line[0], length)
    scale = math.sqrt(math.pi / rate)
    sine, cosine = fresnel(length / scale)
    assert (x, y) == pytest.approx((scale * cosine, scale * sine), abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.lists(BENDS, min_size=1, max_size=3), st.floats(0.02, 0.98), st.floats(-20.0, 20.0))
def test_world_and_road_coordinates_are_inverse(bends: list[tuple[float, float, float]], part: float, t: float) -> None:
    line = chain(bends)
    s = part * line.length
    x, y, _ = to_world(line.line, s, t)
    found_s, found_t = to_road(line.line, x, y)
    # A road that turns back may have a nearer point; then it is as near as the one that was asked for.
    if abs(found_t) > abs(t) - 1e-9:
        assert (found_s, found_t) == pytest.approx((s, t), abs=1e-9)
    assert to_world(line.line, found_s, found_t)[:2] == pytest.approx((x, y), abs=1e-9)


def test_lanes_count_outwards_from_the_reference_line() -> None:
    whole = (0.0, math.inf)
    widths = [Width(whole, lane, 0.0, (3.0 + abs(lane), 0.0, 0.0, 0.0)) for lane in (-2, -1, 1, 2)]
    found = road([Piece(0, 0, 0, 0, 100)], widths, [(0, 0.5, 0, 0, 0), (50, 0.5, 0.1, 0, 0)])
    centres = [lane_centre(found.widths, found.shifts, lane, 10.0) for lane in (-2, -1, 0, 1, 2)]
    assert centres == [-4 - 2.5 + 0.5, -1.5, 0.5, 2.5, 0.5 + 4 + 2.5]
    assert lane_centre(found.widths, found.shifts, 0, 60.0) == pytest.approx(1.5)


def test_widths_are_cubics_from_their_start_within_a_section() -> None:
    widths = [
        Width((0.0, 50.0), -1, 0.0, (3.0, 0.1, 0.0, 0.0)),
        Width((0.0, 50.0), -1, 20.0, (5.0, 0.0, 0.01, 0.001)),
        Width((50.0, 100.0), -1, 50.0, (4.0, 0.0, 0.0, 0.0)),
    ]
    found = road([Piece(0, 0, 0, 0, 100)], widths)
    given = [lane_width(found.widths, -1, s) for s in (0.0, 10.0, 30.0, 50.0, 99.0)]
    assert given == pytest.approx([3.0, 4.0, 5.0 + 1.0 + 1.0, 4.0, 4.0])
    assert lane_width(found.widths, -2, 10.0) == 0.0


@pytest.mark.parametrize(
    ("pieces", "widths"),
    [
        ([], []),
        ([Piece(0, 0, 0, 0, 0.0)], []),
        ([Piece(0, 0, 0, 0, -5.0)], []),
        ([Piece(0, math.nan, 0, 0, 5.0)], []),
        ([Piece(0, 0, 0, 0, 5.0, math.inf, 0.0)], []),
        ([Piece(0, 0, 0, 0, 1e6, 1.0, 1.0)], []),
        ([Piece(0, 0, 0, 0, 5.0), Piece(5, 6, 0, 0, 5.0)], []),
        ([Piece(0, 0, 0, 0, 5.0), Piece(7, 5, 0, 0, 5.0)], []),
        ([Piece(0, 0, 0, 0, 50.0, 0.5, 0.5)], [Width((0, 99), 1, 0, (6.0, 0, 0, 0))]),
        ([Piece(0, 0, 0, 0, 50.0)], [Width((0, 99), 1, 0, (3.0, -0.1, 0, 0))]),
        ([Piece(0, 0, 0, 0, 50.0)], [Width((0, 99), 1, 0, (math.nan, 0, 0, 0))]),
    ],
)
def test_an_impossible_geometry_is_refused(pieces: list[Piece], widths: list[Width]) -> None:
    with pytest.raises(DiagnosticError, match="S009"):
        road(pieces, widths)
