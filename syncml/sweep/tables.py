"""Results as files: Parquet where pyarrow is installed, CSV otherwise.

Rule: the same rows make the same bytes. Each file says of every row which scenario and which program it is of, so that
files of several sweeps can be read together. Floats are written in the shortest form that reads back exactly.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from importlib.util import find_spec
from typing import Any

import numpy as np

from syncml.dataclass import dataclass
from syncml.extras import optional
from syncml.sweep.rows import VERDICTS, Rows, Values

PURPOSE = "writing Parquet"


class Form(StrEnum):
    """The form of the files of results; the value is their suffix."""

    PARQUET = "parquet"
    CSV = "csv"


def usual_form() -> Form:
    """Parquet where it can be written."""
    return Form.PARQUET if find_spec("pyarrow") is not None else Form.CSV


def needed(form: Form) -> None:
    """Check that a form can be written.

    Raises:
        DiagnosticError: D006, pyarrow is not installed.
    """
    if form is Form.PARQUET:
        optional("pyarrow.parquet", PURPOSE, "parquet")


@dataclass(frozen=True, slots=True)
class Table:
    """How rows are written.

    Attributes:
        form: The form of the files.
        scenario: The name of the scenario, and ``program`` the digest of the program, for every row.
        clauses: The names of clauses, which rows have by number.
    """

    form: Form
    scenario: str
    program: str
    clauses: tuple[str, ...]

    def written(self, rows: Rows) -> bytes:
        """A file with some rows.

        Raises:
            DiagnosticError: D006, pyarrow is not installed.
        """
        return self._parquet(rows) if self.form is Form.PARQUET else self._csv(rows)

    def read(self, content: bytes) -> list[dict[str, str]]:
        """The rows of a file, every cell as the text that CSV has for it.

        Raises:
            DiagnosticError: D006, pyarrow is not installed.
            ValueError: the file is no such table.
        """
        if self.form is Form.CSV:
            return list(csv.DictReader(io.StringIO(content.decode()), strict=True))
        return list(self._cells(content))

    def numbers(self, content: bytes, names: Sequence[str] | None) -> Rows:
        """Some columns of a file as binary64, verdicts and clauses by their numbers; by default what varies in a sweep.

        Raises:
            DiagnosticError: D006, pyarrow is not installed.
        """
        columns: dict[str, Sequence[Any]]
        if self.form is Form.PARQUET:
            parquet = optional("pyarrow.parquet", PURPOSE, "parquet")
            table = parquet.read_table(io.BytesIO(content), columns=None if names is None else list(names))
            chosen = [name for name in table.column_names if names or _varies(name)]
            columns = {name: table.column(name).to_numpy() for name in chosen}
        else:
            header, *rows = csv.reader(io.StringIO(content.decode()), strict=True)
            cells = dict(zip(header, zip(*rows, strict=True), strict=True))
            columns = {name: cells[name] for name in header if (name in names if names else _varies(name))}
        found: Rows = {}
        for name, values in columns.items():
            if name in ("verdict", "clause"):
                place = {text: number for number, text in enumerate(VERDICTS if name == "verdict" else self.clauses)}
                found[name] = np.array([place.get(value or "", -1) for value in values], dtype=np.float64)
            elif (column := _floats(values)) is not None:
                found[name] = column
        return found

    def shown(self, rows: Rows) -> list[dict[str, str]]:
        """Rows as `read` gives them."""
        columns = list(self._texts(rows))
        return [
            dict(zip((name for name, _ in columns), cells, strict=True))
            for cells in zip(*(column for _, column in columns), strict=True)
        ]

    def _texts(self, rows: Rows) -> Iterator[tuple[str, Sequence[str]]]:
        count = len(rows["run"])
        for name, values in rows.items():
            if name == "seed":
                yield "scenario", [self.scenario] * count
                yield "program", [self.program] * count
            match name:
                case "verdict":
                    yield name, [VERDICTS[number] for number in values.tolist()]
                case "clause":
                    yield name, [self.clauses[number] if number >= 0 else "" for number in values.tolist()]
                case "tick":
                    yield name, [str(number) if number >= 0 else "" for number in values.tolist()]
                case _:
                    yield name, _text(values)

    def _csv(self, rows: Rows) -> bytes:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        columns = list(self._texts(rows))
        writer.writerow(name for name, _ in columns)
        writer.writerows(zip(*(column for _, column in columns), strict=True))
        return text.getvalue().encode()

    def _parquet(self, rows: Rows) -> bytes:
        arrow = optional("pyarrow", PURPOSE, "parquet")
        parquet = optional("pyarrow.parquet", PURPOSE, "parquet")
        count = len(rows["run"])
        columns: dict[str, Any] = {}

        def chosen(numbers: Values, names: Sequence[str]) -> Any:
            mask = numbers < 0
            places = arrow.array(np.where(mask, 0, numbers), arrow.int32(), mask=mask)
            return arrow.DictionaryArray.from_arrays(places, arrow.array(names, arrow.string()))

        for name, values in rows.items():
            if name == "seed":
                same = np.zeros(count, dtype=np.int32)
                columns["scenario"] = chosen(same, [self.scenario])
                columns["program"] = chosen(same, [self.program])
            match name:
                case "verdict":
                    columns[name] = chosen(values, VERDICTS)
                case "clause":
                    columns[name] = chosen(values, self.clauses or ("",))
                case "tick":
                    columns[name] = arrow.array(values, mask=values < 0)
                case _ if values.dtype.kind == "U":
                    columns[name] = arrow.array(values.tolist(), arrow.string())
                case _:
                    columns[name] = arrow.array(values)
        buffer = io.BytesIO()
        parquet.write_table(arrow.table(columns), buffer, compression="zstd")
        return buffer.getvalue()

    def _cells(self, content: bytes) -> Iterator[dict[str, str]]:
        optional("pyarrow", PURPOSE, "parquet")
        parquet = optional("pyarrow.parquet", PURPOSE, "parquet")
        table = parquet.read_table(io.BytesIO(content))
        names: list[str] = list(table.column_names)
        texts: list[Sequence[str]] = []
        for name in names:
            column = table.column(name).combine_chunks()
            if column.null_count or str(column.type).startswith(("dictionary", "string")):
                texts.append(["" if value is None else str(value) for value in column.to_pylist()])
            else:
                texts.append(_text(column.to_numpy(zero_copy_only=False)))
        for cells in zip(*texts, strict=True):
            yield dict(zip(names, cells, strict=True))


def _text(values: Values) -> Sequence[str]:
    """The cells of a column; a float of 32 bits has the digits that it needs, not those of its widening."""
    shown: Callable[[Any], str] = str
    given: Iterable[Any] = values if values.dtype == np.float32 else values.tolist()
    if values.dtype.kind == "b":
        return [str(value).lower() for value in values.tolist()]
    return [shown(value) for value in given]


_FIXED = ("run", "scenario", "program", "seed", "verdict", "clause", "tick")
"""The columns that say which run it is and what became of it."""


def _varies(name: str) -> bool:
    return name not in _FIXED


def _floats(values: Sequence[Any]) -> Values | None:
    """A column as numbers, truth values as 0 and 1; None if it has texts."""
    given: Values = np.asarray(values)
    if given.dtype.kind in "biuf":
        return given.astype(np.float64)
    truths = {"true": 1.0, "false": 0.0}
    try:
        return np.array([truths[v] if v in truths else float(v) for v in given.tolist()], dtype=np.float64)
    except (TypeError, ValueError):
        return None
