"""A verification as one HTML page that needs nothing else: no script, no font, no picture from elsewhere.

Summary, requirements, a table of all properties, and for each a card: how it was proved and what the proof needs, the
counterexample as a table, as a picture and explained, or what is known of it while it is undecided. Light and dark
follow the reader's setting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape

from syncml.cli.cores import Lines, note
from syncml.cli.summary import BROKEN_BY_ROUNDING, FLOATS, TINTS, requirements, verdict_name
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

STYLE = """
:root { color-scheme: light dark; --ink: #1c2030; --dim: #667; --page: #fff; --card: #f7f8fa; --rule: #dde0e7;
  --proved: #18703c; --violated: #b3202b; --unknown: #8a5a00; --link: #1f5fa8; }
@media (prefers-color-scheme: dark) { :root { --ink: #dfe3ec; --dim: #99a1b2; --page: #15181e; --card: #1d2128;
  --rule: #343a46; --proved: #5fcf8d; --violated: #ff8087; --unknown: #e9b64f; --link: #74b0f4; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 2rem 1.5rem 4rem; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 0; }
h4 { font-size: .9rem; margin: 1.1rem 0 .3rem; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
.dim { color: var(--dim); } code, .mono { font: .86em/1.5 ui-monospace, "DejaVu Sans Mono", monospace; }
.proved { color: var(--proved); } .violated { color: var(--violated); } .unknown { color: var(--unknown); }
.reached { color: var(--proved); } .unreachable { color: var(--violated); }
.tiles { display: flex; gap: .8rem; flex-wrap: wrap; margin: 1.2rem 0; }
.tile { background: var(--card); border: 1px solid var(--rule); border-radius: .5rem;
  padding: .6rem 1.1rem; }
.tile b { display: block; font-size: 1.6rem; line-height: 1.2; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; } th { text-align: left; font-weight: 600; }
th, td { padding: .22rem .8rem .22rem 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
.run th, .run td { padding: .15rem .6rem; white-space: nowrap; } .run td { text-align: right; }
.run .last { background: color-mix(in srgb, var(--violated) 14%, transparent); }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: .5rem; padding: .9rem 1.2rem;
  margin: 1rem 0; }
.card header { display: flex; gap: .8rem; align-items: baseline; flex-wrap: wrap; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .5rem 0; }
dt { color: var(--dim); } dd { margin: 0; }
ol.why { list-style: none; padding: 0; margin: .3rem 0; } ol.why li { padding: .05rem 0; }
.tick { display: inline-block; min-width: 2.4rem; color: var(--dim); }
pre { margin: .3rem 0; overflow-x: auto; }
svg.trace { max-width: 100%; height: auto; }
"""


def render_html(report: VerificationReport, program: str, files: Files, commands: Mapping[tuple[str, str], str]) -> str:
    """The page; `commands` has for each violated property the command line that runs its counterexample again."""
    body = "\n".join(_body(report, program, files, commands))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Verification of {escape(program)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


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
    yield from _table(("property", "node", "kind", "verdict", "holds for", "method", "k", "time", "line"), rows)
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
    yield from _table(("requirement", "verdict", "properties"), rows)


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


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    yield '<div class="wide"><table><tr>' + "".join(f"<th>{c}</th>" for c in columns) + "</tr>"
    for row in rows:
        yield "<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>"
    yield "</table></div>"


def _assumptions(report: VerificationReport) -> Iterator[str]:
    found = {d.node: dict.fromkeys(d.assumed.values()) for d in report.derivations if d.assumed}
    if not found:
        return
    yield "<h2>Assumptions that the proofs may rely on</h2>"
    yield from _table(("node", "assumption"), [(escape(n), escape(a)) for n, names in found.items() for a in names])


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
