"""The training of the flagship's policy in the language: a program that is well-formed, and weights that fit."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from syncml.learn.rl.networks import Layers
from syncml.networks.weights import load_weights
from syncml.pipeline import check_file
from tests.docs.pages import ROOT

FOLDER = ROOT / "scenarios" / "highway_acc"


def test_the_training_is_one_well_formed_program() -> None:
    checked = check_file(str(FOLDER / "learn_in_language.py"))
    assert len(checked.main.outputs) == 1
    assert not checked.main.inputs


def test_what_is_learnt_has_the_tensors_that_the_pipeline_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    import learn_in_language  # type: ignore[import-not-found]

    first = learn_in_language.first(3, Layers((4, 8, 8, 1)))
    found = learn_in_language.ACTOR.tensors(first, "policy.")
    committed = load_weights(FOLDER / "weights.safetensors")
    assert sorted(found) == [name for name in sorted(committed) if name.startswith("policy.")]
    assert [value.shape for value in found.values()] == [(16, 4), (16,), (16, 16), (16,), (1, 16), (1,)]
    # Rows are outputs: the first layer's row 0 is column 0 of what the program multiplies by.
    columns = first[: 4 * 16].reshape(4, 16)
    np.testing.assert_array_equal(found["policy.0.weight"][0], columns[:, 0])
    for name in ("learn_in_language", "environment", "pipeline", "shield"):
        sys.modules.pop(name, None)
