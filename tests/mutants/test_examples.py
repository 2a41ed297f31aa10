"""A sample of the mutants of the examples; `make mutants` judges all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncml.verify import Proved
from tests.mutants.examples import caught, compared, judge
from tests.mutants.operators import FILES, Edit, edits

ALL = [edit for file in FILES for edit in edits(file)]
SAMPLE = [edit for edit in ALL if edit.file == "counter.py"]


def test_there_are_enough() -> None:
    assert len(ALL) >= 80
    assert len({edit.source for edit in ALL}) == len(ALL)


@pytest.mark.parametrize("edit", SAMPLE, ids=lambda edit: edit.text)
def test_a_mutant_that_breaks_its_contract_is_reported(edit: Edit, tmp_path: Path) -> None:
    outcome = judge(edit, tmp_path)
    assert not outcome.missed, edit.name


def test_a_wrong_proof_is_noticed() -> None:
    proof = Proved("k-induction", 1, (), "exact")
    assert compared({"p": proof}, frozenset({"p"})) == (frozenset({"p"}), frozenset({"p"}))
    assert caught({"p": proof}, frozenset()) == "equal"
