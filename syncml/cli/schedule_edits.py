"""Moves of phases as edits of a Python file.

Rule: what is sampled by a word was written as `every(n)` or as `sample(x, to=Hz(r))`; each such call gets the new
phase. The edited program is loaded and counted before the edits stand; where its peak is not the one that was
foretold, the file is as it was.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from syncml.cli.schedule_table import MoveRow, Schedule
from syncml.dataclass import dataclass
from syncml.diagnostics import DiagnosticError, error
from syncml.diagnostics.model import Span
from syncml.files import read_text, write_whole


@dataclass(frozen=True, slots=True)
class _Insertion:
    """``text`` in the place of what is between two offsets of a file, in bytes."""

    start: int
    end: int
    text: str


def write_moves(path: Path, found: Schedule, peak: Callable[[], int]) -> None:
    """Apply the moves of ``found`` to the program in ``path``; ``peak`` loads and counts it anew.

    Raises:
        DiagnosticError: U001, a move is not a call in this file or the peak is another one; D001, the file cannot be
            read or written. The file is as it was.
    """
    before = read_text(path)
    write_whole(path, _edited(before, path, found.moves).encode())
    reason = "the peak of the edited program is not the one that was counted"
    try:
        if peak() == found.after:
            return
    except DiagnosticError as fault:
        reason = f"the edited program is ill-formed: {fault.diagnostics[0].message}"
    except BaseException:
        write_whole(path, before.encode())
        raise
    write_whole(path, before.encode())
    raise _refused(reason, found.moves)


def _refused(reason: str, moves: Iterable[MoveRow]) -> DiagnosticError:
    lines = "; ".join(f"line {move.line}: {move.edit}" for move in moves)
    return DiagnosticError(error("U001", f"the phases are not written: {reason}", help=f"edit by hand: {lines}"))


def _edited(text: str, path: Path, moves: Sequence[MoveRow]) -> str:
    tree = ast.parse(text)
    starts = [0]
    for line in text.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    calls = {(c.lineno, c.col_offset): c for c in ast.walk(tree) if isinstance(c, ast.Call)}

    def offset(line: int, column: int) -> int:
        return starts[line - 1] + column

    found: list[_Insertion] = []
    needed: set[str] = set()
    for move in moves:
        places = [_call(s, path, text, calls) for s in move.spans]
        changed = [c for c in places if c is not None and _has_phase(c)]
        if not changed:
            raise _refused(f"line {move.line} has no `every` or `sample(..., to=...)` of this file", moves)
        for call in changed:
            name = ast.unparse(call.func).rpartition(".")[2]
            value = str(move.phase) if name == "every" else move.duration
            needed |= {n.id for n in ast.walk(ast.parse(value)) if isinstance(n, ast.Name)}
            old = next((k.value for k in call.keywords if k.arg == "phase"), None)
            old = call.args[1] if old is None and name == "every" and len(call.args) > 1 else old
            if old is not None and old.end_lineno is not None and old.end_col_offset is not None:
                end = offset(old.end_lineno, old.end_col_offset)
                found.append(_Insertion(offset(old.lineno, old.col_offset), end, value))
            else:
                last = max(
                    (*call.args, *(k.value for k in call.keywords)), key=lambda e: (e.end_lineno, e.end_col_offset)
                )
                assert last.end_lineno is not None
                assert last.end_col_offset is not None
                end = offset(last.end_lineno, last.end_col_offset)
                found.append(_Insertion(end, end, f", phase={value}"))
    found += _imports(tree, needed, offset)
    content = text.encode()
    for each in sorted(set(found), key=lambda i: -i.start):
        content = content[: each.start] + each.text.encode() + content[each.end :]
    return content.decode()


def _call(span: Span, path: Path, text: str, calls: dict[tuple[int, int], ast.Call]) -> ast.Call | None:
    """The call at a place of the file."""
    if Path(span.file).resolve() != path.resolve():
        return None
    line = text.splitlines()[span.line - 1]
    return calls.get((span.line, len(line[: span.column - 1].encode())))


def _has_phase(call: ast.Call) -> bool:
    """Whether a call says when something is sampled."""
    name = ast.unparse(call.func).rpartition(".")[2]
    return name == "every" or (name == "sample" and any(k.arg == "to" for k in call.keywords))


_HOMES = {"ms": "syncml", "Fraction": "fractions"}


def _imports(tree: ast.Module, needed: set[str], offset: Callable[[int, int], int]) -> list[_Insertion]:
    """Imports of the names that the edits need and the file does not have."""
    imports = [s for s in tree.body if isinstance(s, ast.Import | ast.ImportFrom)]
    known = {a.asname or a.name for s in imports for a in s.names}
    result: list[_Insertion] = []
    for name in sorted(needed - known):
        home = next((s for s in imports if isinstance(s, ast.ImportFrom) and s.module == _HOMES[name]), None)
        if home is not None:
            last = home.names[-1]
            assert last.end_lineno is not None
            assert last.end_col_offset is not None
            end = offset(last.end_lineno, last.end_col_offset)
            result.append(_Insertion(end, end, f", {name}"))
        else:
            begin = offset(imports[0].lineno, 0)
            result.append(_Insertion(begin, begin, f"from {_HOMES[name]} import {name}\n"))
    return result
