"""Trace files: what is written, and that it reads back."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from syncml.diagnostics.model import DiagnosticError
from syncml.ir.types import BOOL, F32, F64, I32, EnumType, TensorType
from syncml.sim.formats import read_csv, to_csv, to_json, to_npz, write_trace
from syncml.sim.trace import Column, Trace, first_difference
from syncml.sim.vcd import to_vcd
from tests.support.ir import NodeBuilder

MODE = EnumType("Mode", ("CRUISE", "FOLLOW"))


def sample() -> Trace:
    every = np.ones(3, dtype=np.bool_)
    odd = np.array([True, False, True])
    return Trace(
        (
            Column("gap", F32, np.array([0.1, 1e-40, -0.0], dtype=np.float32), every, "", "m"),
            Column("radar", TensorType(F64, (2,)), np.array([[0.1, 2.0], [0, 0], [np.inf, np.nan]]), odd, "50 Hz"),
            Column("acc.mode", MODE, np.array([0, 1, 1], dtype=np.int32), every),
            Column("lost", BOOL, odd, every),
            Column("n", I32, np.array([-3, 0, 7], dtype=np.int32), odd),
        ),
        3,
        Fraction(100),
    )


def test_csv_is_exact_and_leaves_absent_cells_empty() -> None:
    assert to_csv(sample()).decode().splitlines() == [
        "gap,radar[0],radar[1],acc.mode,lost,n",
        "0.1,0.1,2.0,CRUISE,true,-3",
        "1e-40,,,FOLLOW,false,",
        "-0.0,inf,nan,FOLLOW,true,7",
    ]


def test_csv_written_and_read_back_gives_the_same_bits(tmp_path: Path) -> None:
    from syncml.sim.inputs import prepare

    b = NodeBuilder("top")
    types = {"gap": F32, "radar": TensorType(F64, (2,)), "acc.mode": MODE, "lost": BOOL, "n": I32}
    for name, type_ in types.items():
        b.input(name, type_)
    node = b.node([])
    write_trace(sample(), tmp_path / "t.csv")
    columns = prepare(node, read_csv(tmp_path / "t.csv", node), 3)
    assert first_difference(sample(), Trace(tuple(columns.values()), 3)) is None


def test_json_has_null_where_absent_and_strings_for_what_json_cannot_hold() -> None:
    document = json.loads(to_json(sample()))
    values = {s["name"]: s["values"] for s in document["streams"]}
    assert values["radar"] == [[0.1, 2.0], None, ["inf", "nan"]]
    assert values["gap"][0] == 0.1
    assert values["acc.mode"] == ["CRUISE", "FOLLOW", "FOLLOW"]
    assert document["rate_hz"] == "100"


def test_npz_reads_back(tmp_path: Path) -> None:
    (tmp_path / "t.npz").write_bytes(to_npz(sample()))
    with np.load(tmp_path / "t.npz") as archive:
        assert archive["n.present"].tolist() == [True, False, True]
        assert archive["gap"].dtype == np.float32


def test_vcd_names_scopes_and_changes() -> None:
    lines = to_vcd(sample()).decode().splitlines()
    assert "$scope module acc $end" in lines
    assert "$var string 1 $ mode $end" in lines
    second = lines[lines.index("#10000000") + 1 : lines.index("#20000000")]
    assert second == ["r9.99994610111476e-41 !", 'rnan "', "rnan #", "sFOLLOW $", "0%", "bx &"]
    assert "b111 &" in lines
    assert f"b{'1' * 30}01 &" in lines


def test_vcd_opens_each_scope_once() -> None:
    every = np.ones(1, dtype=np.bool_)
    names = ("t.gap", "v", "t.inner.x", "u.gap", "t.closing", "t.inner.y", "w")
    columns = tuple(Column(n, F32, np.zeros(1, np.float32), every, "", "m" if n == "t.gap" else "") for n in names)
    lines = to_vcd(Trace(columns, 1, None)).decode().splitlines()
    declared = [line.split()[:3] for line in lines[2 : lines.index("$enddefinitions $end")]]
    assert [" ".join(words[:1] + words[2:]) for words in declared] == [
        "$scope t", "$var 64", "$comment of", "$scope inner", "$var 64", "$var 64", "$upscope", "$var 64", "$upscope",
        "$var 64", "$scope u", "$var 64", "$upscope", "$var 64",
    ]  # fmt: skip
    assert "$comment unit of gap: m $end" in lines
    assert "$var real 64 % closing $end" in lines


@pytest.mark.parametrize(("suffix", "code"), [(".xlsx", "U001")])
def test_an_unknown_format_is_refused(tmp_path: Path, suffix: str, code: str) -> None:
    with pytest.raises(DiagnosticError, match=code):
        write_trace(sample(), tmp_path / f"t{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "t.csv"
    target.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(DiagnosticError, match="D001"):
        write_trace(sample(), target)
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("", "D002", 1),
        ("n\n1\nx\n", "S003", 3),
        ('n\n"1\n', "D002", 1),
        ("lost\nyes\n", "S003", 2),
        ("radar[0]\n1.0\n", "S002", 1),
    ],
)
def test_faults_in_a_csv_file_have_a_code_and_a_line(tmp_path: Path, text: str, code: str, line: int) -> None:
    b = NodeBuilder("top")
    b.input("n", I32)
    b.input("lost", BOOL)
    b.input("radar", TensorType(F32, (2,)))
    (tmp_path / "in.csv").write_text(text)
    with pytest.raises(DiagnosticError) as caught:
        read_csv(tmp_path / "in.csv", b.node([]))
    (found,) = caught.value.diagnostics
    assert (found.code, found.span.line if found.span else None) == (code, line)


def test_truth_values_are_read_as_spreadsheets_and_loggers_write_them(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("c\ntrue\nFALSE\n1\n0\n", "utf-8")
    b = NodeBuilder("n")
    b.input("c", BOOL)
    assert read_csv(tmp_path / "in.csv", b.node([])) == {"c": [True, False, True, False]}


def test_a_difference_is_the_earliest_and_every_nan_is_the_same() -> None:
    left = sample()
    changed = left.column("radar").values.copy()
    changed[2, 1] = np.float64("nan") * -1
    same = Trace((*left.columns[:1], Column("radar", TensorType(F64, (2,)), changed, left.columns[1].present),
                  *left.columns[2:]), 3)  # fmt: skip
    assert first_difference(left, same) is None
    zero = left.column("gap").values.copy()
    zero[2] = 0.0
    other = Trace((Column("gap", F32, zero, left.columns[0].present), *left.columns[1:]), 3)
    difference = first_difference(left, other)
    assert difference is not None
    assert (difference.stream, difference.tick) == ("gap", 2)
