"""What the pages of reports share: a style, a frame, tables.

A page needs no other file, and only what moves has a script. Light and dark follow the reader's setting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

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


def page(title: str, body: Iterable[str], style: str = "") -> str:
    """A whole page; ``style`` comes after the common one."""
    text = "\n".join(body)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}{style}</style>\n</head>\n"
        f"<body>\n{text}\n</body>\n</html>\n"
    )


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """A table; its cells are HTML."""
    yield '<div class="wide"><table><tr>' + "".join(f"<th>{c}</th>" for c in columns) + "</tr>"
    for row in rows:
        yield "<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>"
    yield "</table></div>"
