"""The report on windows: figures of both forms, in the document and in its text."""

from __future__ import annotations

import json
from typing import Literal as L

import numpy as np

from syncml import Stream, Vec, constant, einsum, node, tanh, window
from syncml.cli.report_json import ReportModel
from syncml.export_c import Options, package
from syncml.export_c.report.document import REPORT, report_text
from syncml.export_c.report.folding import Folding
from syncml.ir.equations.folding import Fold
from syncml.ir.equations.work import products_of
from syncml.lang.load import program_of
from syncml.pipeline import check, folded, step_code

KERNEL = constant(np.ones((3, 2, 4), np.float32), name="kernel")


@node
def network(x: Stream[Vec[L[2]]]) -> Stream[Vec[L[4]]]:
    return tanh(einsum("wkc,kco->wo", window(x, 12).windows(3), KERNEL)).max(axis=0)


def test_the_report_has_the_figures_of_both_forms() -> None:
    checked = check(program_of(network))
    found = folded(checked)
    unfolded = step_code(checked, flat=False, fold=Fold.NEVER)
    folding = Folding(found, unfolded, (products_of(checked.program), products_of(found.program)))
    made = package(step_code(checked, flat=False), Options(folding=folding))
    document = json.loads(made.files[REPORT])
    section = ReportModel.model_validate(document).folding
    assert section is not None
    assert (section.products.unfolded, section.products.folded) == (10 * 4 * 6, 4 * 6)
    assert (section.multiplications.unfolded, section.multiplications.folded) == (240, 24)
    assert section.state.folded == document["ram"]["state"] == 4 * (2 * 2 + 9 * 4)
    assert section.state.unfolded == 4 * 12 * 2
    assert section.instructions.folded < section.instructions.unfolded
    assert [(line.columns, line.computed, line.kept, line.bytes) for line in section.lines] == [
        (12, 0, 2, 16),
        (10, 1, 9, 144),
    ]
    assert [reader.reason for reader in section.whole] == ["is reduced along time, from all values in their order"]
    text = report_text(document)
    assert "240           24 products of layers" in text
    assert "144 bytes: 9 of the 10 columns" in text


def test_a_program_without_windows_has_no_section() -> None:
    checked = check(program_of(network))
    made = package(step_code(checked, flat=False), Options())
    assert "folding" not in json.loads(made.files[REPORT])
