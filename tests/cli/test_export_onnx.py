"""`syncml export --target onnx`, as a user meets it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syncml.networks.weights import save_weights
from tests.cli.conftest import Syncml

onnx: Any = pytest.importorskip("onnx")

POLICY = """\
from typing import Literal as L

from syncml import Mat, Record, Stream, Vec, ensure, f32, node, segment, tanh
from syncml.learn import parameter


class Net(Record):
    w: Stream[Mat[L[2], L[3]]]
    v: Stream[Vec[L[2]]]


@node
def policy(x: Stream[Vec[L[3]]]) -> Stream[f32]:
    with segment(every=1) as tick:
        net = parameter(tick, Net, frozen=True)
    y = net.v @ tanh(net.w @ x)
    ensure(y < 9.0, "small")
    return y
"""

LEARNER = """\
from syncml import Stream, f32, node, segment, state, tanh
from syncml.learn import SGD, descend, parameter, value_and_grad


@node
def loss(w: Stream[f32], x: Stream[f32]) -> Stream[f32]:
    h = state(init=0.0)
    h.next = tanh(w * h + x)
    return (h.next - 1.0) ** 2


@node
def fit(x: Stream[f32]) -> Stream[f32]:
    with segment(every=8) as batch:
        w = parameter(batch)
        error, d_w = value_and_grad(loss, wrt="w")(w, x)
        descend(batch, SGD(0.1), (w, d_w))
    return error
"""


def test_a_policy_leaves_with_the_weights_of_a_checkpoint(syncml: Syncml) -> None:
    Path("policy.py").write_text(POLICY, "utf-8")
    w, v = np.arange(6, dtype=np.float32).reshape(2, 3), np.array([1.0, -1.0], np.float32)
    save_weights("w.safetensors", {"net.w": w, "net.v": v})
    done = syncml("export", "policy.py", "--target", "onnx", "-o", "out", "--weights", "w.safetensors")
    assert done.code == 0
    assert "wrote out/policy.onnx" in done.out and "contracts are left out" in done.out
    held = [onnx.numpy_helper.to_array(t) for t in onnx.load("out/policy.onnx").graph.initializer]
    assert any(t.shape == (3, 2) and (t == w.T).all() for t in held)
    assert any(t.shape == (2,) and (t == v).all() for t in held)


def test_a_program_that_learns_is_refused_and_the_file_before_stays(syncml: Syncml) -> None:
    Path("fit.py").write_text(LEARNER, "utf-8")
    Path("out").mkdir()
    Path("out/fit.onnx").write_text("before", "utf-8")
    done = syncml("export", "fit.py:fit", "--target", "onnx", "-o", "out")
    assert done.code == 1
    assert "error[X007]" in done.err and "fit.py:" in done.err
    assert "export the node that decides" in done.err
    assert Path("out/fit.onnx").read_text("utf-8") == "before"
    assert [path.name for path in Path("out").iterdir()] == ["fit.onnx"]


def test_without_the_package_it_says_what_to_install(syncml: Syncml, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("policy.py").write_text(POLICY, "utf-8")
    monkeypatch.setitem(sys.modules, "onnx", None)
    done = syncml("export", "policy.py", "--target", "onnx", "-o", "out")
    assert done.code == 1
    assert "error[D006]" in done.err and "pip install 'syncml[onnx]'" in done.err
    assert not Path("out").exists()


@pytest.mark.parametrize("option", [("--batch",), ("--int8", "x.npz"), ("--prove",), ("--schedule", "cyclic")])
def test_options_of_c_are_not_ignored(syncml: Syncml, option: tuple[str, ...]) -> None:
    Path("policy.py").write_text(POLICY, "utf-8")
    done = syncml("export", "policy.py", "--target", "onnx", "-o", "out", *option)
    assert done.code == 2
    assert "error[U001]" in done.err and option[0] in done.err
    assert not Path("out").exists()
