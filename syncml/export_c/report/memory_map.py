"""The memory map as a drawing: what lies where, and when.

Rule: time runs to the right, in assignments; addresses run upwards, in bytes of the scratch of one function. Each
tensor covers an address from the first moment at which something there is touched to the last, so no two areas meet.
Below is the number of live bytes, with the bytes that are there for them and the most that are live.
"""

from __future__ import annotations

import html
from collections.abc import Iterator

import numpy as np

from syncml.export_c.plan import MachinePlan, Plan
from syncml.export_c.report.memory import Report, tenants
from syncml.ir.step.overlay import Curve, Tenant, live_bytes
from syncml.ir.step.overlay.lifetimes import NEVER
from syncml.ir.types import element, element_bytes

COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#999999")
"""From Paul Tol's bright scheme, which colour-blind readers can tell apart."""

WIDTH, HEIGHT, CURVE, MARGIN = 860.0, 300.0, 120.0, 64.0
_ROWS = 64
"""A tensor is drawn in so many steps of its addresses."""


def memory_map(plan: Plan, found: Report) -> str:
    """A self-contained SVG: the function with the largest tensors and its live set, else that of the exported node."""
    own = max(plan.machines, key=_extent)
    label = own.machine.label or own.machine.name
    placed = tenants(own)
    title = f"Memory of {label}: scratch by address and time" if placed else f"Memory of {found.node}"
    height = MARGIN + (HEIGHT + MARGIN if placed else 0) + CURVE + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + 2 * MARGIN:.0f} {height:.0f}" '
        f'font-family="system-ui, sans-serif" font-size="12">',
        f"<title>{html.escape(title)}</title>",
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{MARGIN:.0f}" y="24" font-size="15">{html.escape(title)}</text>',
    ]
    top = MARGIN
    if placed:
        parts += _map(own, placed, top)
        top += HEIGHT + MARGIN
    if placed:
        widths = ((t.lifetime, element_bytes(element(t.slot.type))) for _, t in placed)
        parts += _curve(f"Live bytes of {label}", live_bytes(widths), _extent(own), top)
    else:
        parts += _curve(f"Live bytes of {found.node}, calls included", found.curve, found.main.scratch, top)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _extent(own: MachinePlan) -> int:
    """The bytes of the blocks of a function."""
    return sum(b.extent * element_bytes(b.element) for b in own.placed.blocks)


def _map(own: MachinePlan, placed: tuple[tuple[int, Tenant], ...], top: float) -> Iterator[str]:
    end = max(t.lifetime.end for _, t in placed)
    extent = _extent(own)
    across, up = WIDTH / max(1, end), HEIGHT / max(1, extent)
    base = top + HEIGHT
    for number, (start, tenant) in enumerate(placed):
        width = element_bytes(element(tenant.slot.type))
        low = start + tenant.offset * width
        points = _outline(tenant)
        corners = " ".join(f"{MARGIN + t * across:.1f},{base - (low + a * width) * up:.1f}" for t, a in points)
        name = html.escape(tenant.slot.origin.stream if tenant.slot.origin else tenant.slot.name)
        size = len(tenant.lifetime.birth) * width
        colour = COLOURS[number % len(COLOURS)]
        about = f"{name}: {tenant.slot.type}, bytes {low} to {low + size - 1}"
        yield f'<polygon points="{corners}" fill="{colour}" fill-opacity="0.75" stroke="{colour}">'
        yield f"<title>{about}</title></polygon>"
        x, y = _middle(points)
        if (tenant.lifetime.end - tenant.lifetime.begin) * across > 7 * len(name) and size * up > 14:
            at = f'x="{MARGIN + x * across:.1f}" y="{base - (low + y * width) * up + 4:.1f}"'
            yield f'<text {at} text-anchor="middle" fill="black">{name}</text>'
    yield f'<path d="M {MARGIN} {top} V {base} H {MARGIN + WIDTH}" fill="none" stroke="#444"/>'
    yield f'<text x="{MARGIN - 6}" y="{top + 4}" text-anchor="end">{extent:,} B</text>'
    yield f'<text x="{MARGIN - 6}" y="{base}" text-anchor="end">0</text>'
    yield f'<text x="{MARGIN + WIDTH}" y="{base + 16}" text-anchor="end">{end // 2:,} assignments</text>'


def _outline(tenant: Tenant) -> list[tuple[float, float]]:
    """The corners of the area of a tensor, as (moment, element)."""
    birth, death = tenant.lifetime.birth, tenant.lifetime.death
    edges = np.unique(np.linspace(0, len(birth), min(_ROWS, len(birth)) + 1).astype(int))
    left: list[tuple[float, float]] = []
    right: list[tuple[float, float]] = []
    for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        touched = birth[low:high] < NEVER
        if bool(touched.any()):
            first, last = int(birth[low:high][touched].min()), int(death[low:high][touched].max())
            left += [(first, low), (first, high)]
            right += [(last, low), (last, high)]
    return [*left, *reversed(right)]


def _middle(points: list[tuple[float, float]]) -> tuple[float, float]:
    """A place for the name: the middle of the area at half of its height."""
    addresses = [a for _, a in points]
    half = (min(addresses) + max(addresses)) / 2
    near = sorted(points, key=lambda p: abs(p[1] - half))[:4]
    return (min(t for t, _ in near) + max(t for t, _ in near)) / 2, half


def _curve(title: str, curve: Curve, there: int, top: float) -> Iterator[str]:
    steps = curve.steps(512)
    most = max(there, curve.peak, 1)
    end = max(1, steps[-1][0])
    across, up, base = WIDTH / end, CURVE / most, top + CURVE
    corners: list[str] = [f"M {MARGIN} {base}"]
    for (moment, live), (after, _) in zip(steps, [*steps[1:], (end, 0)], strict=True):
        corners.append(f"L {MARGIN + moment * across:.1f} {base - live * up:.1f} H {MARGIN + after * across:.1f}")
    yield f'<text x="{MARGIN}" y="{top - 10}">{html.escape(title)}</text>'
    yield f'<path d="{" ".join(corners)} V {base} Z" fill="#66ccee" fill-opacity="0.5" stroke="#4477aa"/>'
    for bytes_, text in ((there, "there"), (curve.peak, "needed")):
        y = base - bytes_ * up
        yield f'<path d="M {MARGIN} {y:.1f} H {MARGIN + WIDTH}" fill="none" stroke="#444" stroke-dasharray="4"/>'
        yield f'<text x="{MARGIN + WIDTH + 4}" y="{y + (-2 if text == "there" else 12):.1f}">{text}</text>'
    yield f'<text x="{MARGIN - 6}" y="{base - there * up + 4:.1f}" text-anchor="end">{there:,} B</text>'
    yield f'<path d="M {MARGIN} {top} V {base} H {MARGIN + WIDTH}" fill="none" stroke="#444"/>'
