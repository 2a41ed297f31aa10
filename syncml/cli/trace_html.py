"""The traceability map as one HTML page: requirements, clauses, streams and vectors, and the C with the way back.

Every identifier is a link, in both directions: from a requirement to its clauses, from a clause to the lines of C, from
a line of C to the clauses that depend on it. What has no counterpart comes first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from html import escape

from syncml.cli.page_html import page, table
from syncml.export_c.evidence.trace_model import CodeLineModel, PropertyModel, SourceModel, TraceModel

STYLE = """
pre.c { margin: 0; line-height: 1.35; } .c a { color: inherit; } .c .n { color: var(--dim); user-select: none; }
table.code td { border: 0; padding: 0 .9rem 0 0; white-space: pre;
  font: .8em/1.4 ui-monospace, "DejaVu Sans Mono", monospace; }
table.code tr:target td { background: color-mix(in srgb, var(--link) 18%, transparent); }
table.code td.n { color: var(--dim); text-align: right; } .none { color: var(--unknown); }
td { overflow-wrap: anywhere; }
"""
SHOWN = 12
"""Of a longer list of lines so many are links; the rest is counted."""


def trace_page(trace: TraceModel, texts: Mapping[str, str]) -> str:
    """The page; ``texts`` are the lines of C by ``file:number``."""
    return page(f"Traceability of {trace.node}", _body(trace, texts), STYLE)


def _body(trace: TraceModel, texts: Mapping[str, str]) -> Iterator[str]:
    numbers = {p.id: number for number, p in enumerate(trace.properties)}
    yield f'<h1>Traceability of <span class="mono">{escape(trace.node)}</span></h1>'
    yield (
        '<p class="dim">Requirement, clause, stream, line of C, test vector, and back. '
        "Designed to be verified as hand-written code, with the evidence generated; not a qualified tool.</p>"
    )
    yield from _orphans(trace, numbers)
    yield "<h2>Requirements</h2>"
    rows = [
        (f'<b id="r-{escape(r.id)}">{escape(r.id)}</b>', "<br>".join(_clause(i, numbers) for i in r.properties))
        for r in trace.requirements
    ]
    yield from table(("requirement", "clauses"), rows) if rows else ("<p>No clause names one.</p>",)
    yield "<h2>Clauses</h2>"
    columns = ("clause", "requirement", "speaks of", "lines of C", "cone", "verdict", "vectors", "source")
    yield from table(columns, (_property(p, numbers) for p in trace.properties))
    yield "<h2>Vectors</h2>"
    vectors = (
        (
            f'<b id="v-{v.id}">{escape(v.id)}</b>',
            escape(v.file),
            str(v.ticks),
            escape(v.source),
            _many(map(escape, v.reaches)),
        )
        for v in trace.vectors
    )
    yield from table(("run", "file", "ticks", "source of its inputs", "chosen for"), vectors)
    yield "<h2>Code</h2>"
    yield from _code(trace, texts, numbers)


def _orphans(trace: TraceModel, numbers: Mapping[str, int]) -> Iterator[str]:
    found = trace.orphans
    yield "<h2>Without a counterpart</h2>"
    rows = (
        ("requirements without code", _many(_requirement(r) for r in found.requirements_without_code)),
        ("clauses without a requirement", _many(_clause(i, numbers) for i in found.properties_without_requirement)),
        ("clauses without code", _many(_clause(i, numbers) for i in found.properties_without_code)),
        ("clauses without a vector", _many(_clause(i, numbers) for i in found.properties_without_vectors)),
        ("lines of C without a requirement", _many(_place(x) for x in found.lines_without_requirement)),
        ("statements without a source", _many(_place(x) for x in found.lines_without_source)),
    )
    yield from table(("", ""), rows)


def _property(p: PropertyModel, numbers: Mapping[str, int]) -> tuple[str, ...]:
    tint = p.verdict if p.verdict in ("proved", "violated", "unknown") else "none"
    return (
        f'<span id="p{numbers[p.id]}">{escape(p.id)}</span> <span class="dim">{p.kind}</span>',
        _requirement(p.requirement) if p.requirement else '<span class="none">none</span>',
        _many(f'<span class="mono">{escape(s)}</span>' for s in p.subjects),
        _many(_place(x) for x in p.lines),
        f"{len(p.cone)} streams, {p.cone_lines} lines",
        f'<span class="{tint}">{escape(p.verdict)}</span>',
        _many(f'<a href="#v-{v}">{escape(v)}</a>' for v in p.vectors),
        _source(p.source),
    )


def _many(items: Iterable[str]) -> str:
    found = list(items)
    rest = len(found) - SHOWN
    shown = "<br>".join(found[:SHOWN]) or '<span class="dim">none</span>'
    return f'{shown}<br><span class="dim">and {rest} more</span>' if rest > 0 else shown


def _requirement(name: str) -> str:
    return f'<a href="#r-{escape(name)}">{escape(name)}</a>'


def _clause(name: str, numbers: Mapping[str, int]) -> str:
    return f'<a href="#p{numbers[name]}">{escape(name)}</a>'


def _place(line: str) -> str:
    return f'<a class="mono" href="#{escape(line)}">{escape(line.rpartition("/")[2])}</a>'


def _source(source: SourceModel) -> str:
    return f'<span class="mono">{escape(source.file)}:{source.line}</span>'


def _code(trace: TraceModel, texts: Mapping[str, str], numbers: Mapping[str, int]) -> Iterator[str]:
    files: dict[str, list[tuple[CodeLineModel | None, str, str]]] = defaultdict(list)
    known = {x.line: x for x in trace.lines}
    for where, text in texts.items():
        files[where.rpartition(":")[0]].append((known.get(where), where, text))
    for file, rows in sorted(files.items()):
        # Of constant arrays there is nothing to be traced line by line.
        if any(x is not None and x.kind == "stream" for x, _, _ in rows):
            yield f'<h3 class="mono">{escape(file)}</h3><div class="wide"><table class="code">'
            yield from (_row(*row, numbers) for row in rows)
            yield "</table></div>"


def _row(line: CodeLineModel | None, where: str, text: str, numbers: Mapping[str, int]) -> str:
    number = where.rpartition(":")[2]
    stream = source = clauses = ""
    if line is not None and line.kind in ("stream", "function"):
        stream = escape(line.stream)
        source = "" if line.source is None else _source(line.source)
        wanted = ", ".join(_requirement(r) for r in line.requirements)
        others = [f'<a href="#p{numbers[i]}" title="{escape(i)}">{numbers[i] + 1}</a>' for i in line.properties[:6]]
        more = f" +{len(line.properties) - 6}" if len(line.properties) > 6 else ""
        clauses = f"{wanted} <span class='dim'>clauses</span> {' '.join(others)}{more}" if others else ""
        if line.kind == "stream" and not line.requirements:
            clauses = f'<span class="none">no requirement</span> {clauses}'
    cells = f'<td class="n">{number}</td><td>{escape(text)}</td><td>{stream}</td><td>{source}</td><td>{clauses}</td>'
    return f'<tr id="{escape(where)}">{cells}</tr>'
