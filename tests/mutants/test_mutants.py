"""Every fault sown in the flagship is caught by the stage that is listed, for the reason that is listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants.mutants import MUTANTS, Mutant, Stage
from tests.mutants.runner import catch
from tests.support.flagship import FOLDER


def names_of(mutant: Mutant) -> str:
    return mutant.name


def caught_as_listed(mutant: Mutant, folder: Path) -> None:
    found = catch(mutant, folder)
    assert found is not None, "the mutant survives"
    assert (found.stage, found.by(mutant.by)) == (mutant.stage, True), found


def test_the_list_is_complete() -> None:
    """Twenty at the least, of every kind, and each of them one edit."""
    assert len(MUTANTS) >= 20
    assert len({m.name for m in MUTANTS}) == len(MUTANTS)
    assert {m.stage for m in MUTANTS} == set(Stage)
    for mutant in MUTANTS:
        assert (FOLDER / mutant.file).read_text("utf-8").count(mutant.old) == 1, mutant.name
        assert mutant.by, mutant.name


@pytest.mark.parametrize("mutant", [m for m in MUTANTS if m.stage is not Stage.VERIFY], ids=names_of)
def test_a_mutant_is_caught(mutant: Mutant, tmp_path: Path) -> None:
    caught_as_listed(mutant, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", [m for m in MUTANTS if m.stage is Stage.VERIFY][:1], ids=names_of)
def test_a_mutant_is_caught_by_the_proof(mutant: Mutant, tmp_path: Path) -> None:
    caught_as_listed(mutant, tmp_path)
