"""A verification as one HTML page that needs nothing else: no script, no font, no picture from elsewhere.

Summary, requirements, a table of all properties, and for each a card: how it was proved and what the proof needs, the
counterexample as a table, as a picture and explained, or what is known of it while it is undecided. Light and dark
follow the reader's setting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape

from syncml.cli.cores import Lines, note
from syncml.cli.page_html import page, table
from syncml.cli.summary import BROKEN_BY_ROUNDING, FLOATS, TINTS, requirements, rounded_down, verdict_name
from syncml.cli.trace_svg import drawing
from syncml.cli.values import shown
from syncml.cli.verdicts import FREE_NOTE, ORIGINS, cell, is_free, method_of, modular_text
from syncml.verify import Counterexample, Proved, Reached, Result, Unknown, Unreachable, VerificationReport, Violated
from syncml.verify.verdicts import proof_of

ALWAYS = ("proved", "violated", "unknown")
"""The verdicts that are counted even where there is none."""

LONGEST_TABLE = 60
"""Of a counterexample with more ticks the last ones are in the table."""

Files = Mapping[tuple[str, str], Mapping[str, str]]
"""For each property, by node and name, its files: what each is, and where it lies beside the page."""


def render_html(report: VerificationReport, program: str, files: Files, commands: Mapping[tuple[str, str], str]) -> str:
    """The page; `commands` has for each violated property the command line that runs its counterexample again."""
    return page(f"Verification of {program}", _body(report, program, files, commands))


def _body(
    report: VerificationReport, program: str, files: Files, commands: Mapping[tuple[str, str], str]
) -> Iterator[str]:
    yield f'<h1>Verification of <span class="mono">{escape(program)}</span></h1>'
    yield from _tiles(report)
    for warning in report.warnings:
        yield f'<p class="unknown"><b>{warning.code}</b> {escape(warning.message)}</p>'
    yield from _requirements(report)
    yield "<h2>Properties</h2>"
    rows = [_row(number, result) for number, result in enumerate(report.results)]
    yield from table(("property", "node", "kind", "verdict", "holds for", "method", "k", "time", "line"), rows)
    yield from _assumptions(report)
    lines = Lines()
    yield "<h2>In detail</h2>"
    for number, result in enumerate(report.results):
        yield from _card(number, result, files.get((result.node, result.name), {}), lines, commands)
    if report.unused:
        yield "<h2>Lines that no proof needs</h2>"
        yield from _listing(lines.of(report.unused))
    yield (
        '<p class="dim">A proof holds for every run that meets the assumptions, in the arithmetic that its card names. '
        "A violation was replayed by the interpreter. What is undecided is neither.</p>"
    )


def _tiles(report: VerificationReport) -> Iterator[str]:
    names = [verdict_name(result.verdict) for result in report.results]
    yield '<div class="tiles">'
    for name in TINTS:
        if name not in ALWAYS and name not in names:
            continue
        yield f'<div class="tile {name}"><b>{names.count(name)}</b>{name}</div>'
    yield f'<div class="tile"><b>{report.time_s:.1f} s</b>in all</div></div>'


def _requirements(report: VerificationReport) -> Iterator[str]:
    found = requirements(report)
    if not found:
        return
    numbers = {id(result): number for number, result in enumerate(report.results)}
    yield "<h2>Requirements</h2>"
    rows = [
        (
            f"<b>{escape(each.id)}</b>",
            _verdict(each.verdict),
            "<br>".join(
                f'<a href="#p{numbers[id(r)]}">{escape(r.name)}</a> {_verdict(verdict_name(r.verdict))}'
                for r in each.results
            ),
        )
        for each in found
    ]
    yield from table(("requirement", "verdict", "properties"), rows)


def _row(number: int, result: Result) -> tuple[str, ...]:
    match result.verdict:
        case (Proved() as proof) | Unreachable(proof):
            how = (escape(method_of(proof)), str(proof.k))
        case Violated(found) | Reached(found):
            how = ("replayed", str(found.ticks))
        case Unknown():
            how = ("", str(result.verdict.depth))
    proof = proof_of(result.verdict)
    return (
        f'<a href="#p{number}">{escape(result.name)}</a>', escape(result.node), result.kind,
        _verdict(verdict_name(result.verdict)), "" if proof is None else FLOATS[proof.floats], *how,
        f"{result.time_s:.2f} s", str(result.span.line),
    )  # fmt: skip


def _verdict(name: str) -> str:
    return f'<b class="{name}">{name}</b>'


def _assumptions(report: VerificationReport) -> Iterator[str]:
    found = {d.node: dict.fromkeys(d.assumed.values()) for d in report.derivations if d.assumed}
    if not found:
        return
    yield "<h2>Assumptions that the proofs may rely on</h2>"
    yield from table(("node", "assumption"), [(escape(n), escape(a)) for n, names in found.items() for a in names])


def _card(
    number: int, result: Result, files: Mapping[str, str], lines: Lines, commands: Mapping[tuple[str, str], str]
) -> Iterator[str]:
    name = verdict_name(result.verdict)
    yield f'<section class="card" id="p{number}"><header><h3>{escape(result.name)}</h3>{_verdict(name)}'
    yield f'<span class="dim">{result.kind} of {escape(result.node)}, {result.time_s:.2f} s</span></header>'
    yield from _listing(lines.of([result.span]))
    facts = {"requirement": escape(result.requirement)}
    details: Iterator[str] = iter(())
    match result.verdict:
        case (Proved() as proof) | Unreachable(proof):
            facts |= {
                "method": f"{escape(method_of(proof))}, k = {proof.k}",
                "numbers": escape(proof.semantics),
                "margin": "" if proof.margin is None else f"{rounded_down(proof.margin)}, in machine floats",
                "rounding": f"not shown: {escape(proof.raising)}" if proof.raising else "",
                "with the help of": escape(", ".join(proof.using)),
                "modular": "" if proof.modular is None else escape(modular_text(proof.modular)),
            }
            details = _proof(proof, lines)
        case Violated(found) | Reached(found):
            what = "false at tick" if isinstance(result.verdict, Violated) else "reached at tick"
            broken = isinstance(result.verdict, Violated) and result.verdict.rounding
            facts |= {"numbers": escape(result.verdict.semantics), "rounding": BROKEN_BY_ROUNDING if broken else ""}
            facts |= {what: str(found.tick)}
            details = _counterexample(found, result.name)
        case Unknown(reason, depth, advice):
            facts |= {"why": escape(reason), "known": f"no violation in the first {depth} ticks", "try": escape(advice)}
    facts["files"] = ", ".join(f'<a href="{escape(path)}">{what}</a>' for what, path in files.items())
    yield "<dl>" + "".join(f"<dt>{k}</dt><dd>{v}</dd>" for k, v in facts.items() if v) + "</dl>"
    yield from details
    if (result.node, result.name) in commands:
        yield f"<h4>Run it again</h4><pre><code>{escape(commands[result.node, result.name])}</code></pre>"
    yield "</section>"


def _proof(verdict: Proved, lines: Lines) -> Iterator[str]:
    core = verdict.core
    if core is not None:
        yield f"<h4>The proof needs{note(core)}</h4>"
        yield from _listing(lines.of(core.equations))
        names = [*(f"assumption {a}" for a in core.assumptions), *(f"property {x}" for x in core.lemmas)]
        yield f'<p class="dim">{escape("; ".join(names))}</p>'
    if verdict.invariant:
        yield "<details><summary>Inductive invariant</summary>"
        yield f"<pre><code>{escape(verdict.invariant)}</code></pre></details>"


def _listing(found: Iterable[tuple[str, int, str]]) -> Iterator[str]:
    rows = [f'<span class="dim">{escape(file)}:{line}</span>  {escape(text)}' for file, line, text in found]
    yield "<pre><code>" + "\n".join(rows) + "</code></pre>"


def _counterexample(found: Counterexample, title: str) -> Iterator[str]:
    streams = [s for s in found.streams if s.input or s.user]
    first = max(0, found.ticks - LONGEST_TABLE)
    ticks = range(first, found.ticks)
    yield f"<h4>The last {LONGEST_TABLE} ticks of the run</h4>" if first else "<h4>The run</h4>"
    yield '<div class="wide"><table class="run"><tr><th>tick</th>'
    yield "".join(f"<th{_last(found, t)}>{t}</th>" for t in ticks) + "</tr>"
    for stream in streams:
        unit = f" [{stream.unit}]" if stream.unit else ""
        kind = ' <span class="dim">input</span>' if stream.input else ""
        cells = "".join(f"<td{_last(found, t)}>{escape(cell(stream, t))}</td>" for t in ticks)
        yield f"<tr><th>{escape(stream.name + unit)}{kind}</th>{cells}</tr>"
    yield "</table></div>"
    if any(map(is_free, streams)):
        yield f'<p class="dim">{FREE_NOTE}</p>'
    yield drawing(found, title)
    if not found.explanation:
        return
    yield '<h4>Why</h4><ol class="why">'
    for reason in found.explanation:
        formula = f" = {escape(reason.formula)}" if reason.formula else ""
        parts = ", ".join(f"{name} = {shown(value, type_)}" for name, value, type_ in reason.parts)
        facts = "; ".join(filter(None, (parts, ORIGINS.get(reason.origin, ""))))
        facts = f": {facts}" if facts else ""
        yield (
            f'<li style="padding-left: {1.2 * reason.depth:.1f}rem"><span class="tick">{reason.tick}</span>'
            f"<code>{escape(reason.name)}{formula}</code> is <b>{escape(shown(reason.value, reason.type))}</b>"
            f'{escape(facts)} <span class="dim">(line {reason.span.line})</span></li>'
        )
    yield "</ol>"


def _last(found: Counterexample, tick: int) -> str:
    return ' class="last"' if tick == found.tick else ""
