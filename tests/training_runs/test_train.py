"""Training runs: the same bits in one go, in parts and in the interpreter; what ends them, and what they leave."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import syncml
from syncml.cli.app import app
from syncml.cli.exit import ExitCode
from syncml.ir.equations.parameters import first_values
from syncml.networks.weights import load_weights
from syncml.pipeline import check_file
from syncml.sim.interpreter import interpret
from syncml.training.checkpoints import read_weights
from syncml.training.learner import Learner, read_data
from syncml.training.run import Plan, Stopped, train

PROGRAM = """
from typing import Literal as L

from syncml import Mat, Record, Stream, Vec, f32, node, segment, state, tanh, when, where, zeros
from syncml.learn import Adam, descend, orthogonal, parameter, uniform, value_and_grad


class Cell(Record):
    w: Stream[Mat[L[3], L[3]]]
    u: Stream[Vec[L[3]]]
    out: Stream[Vec[L[3]]]


@node
def model(p: Cell, x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    h = state(init=zeros(3))
    h.next = tanh(p.w @ h + p.u * x)
    error = p.out @ h.next - y
    return error * error


@node
def fit(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    with segment(every=5) as seq:
        p = parameter(seq, Cell, init={"w": orthogonal(0.9), "u": uniform(), "out": uniform()}, frozen={"u": True})
        loss, d = value_and_grad(model, wrt="p")(p, x, y)
        descend(seq, Adam(0.02), (p, d), average=True)
    return loss
"""
DIVERGES = """
from syncml import Stream, f32, log, node, segment, state
from syncml.learn import SGD, descend, parameter, value_and_grad


@node
def model(w: Stream[f32], x: Stream[f32]) -> Stream[f32]:
    h = state(init=0.0)
    gap = 1.0 - w * x
    logarithm = log(gap)
    h.next = 0.5 * h + logarithm
    return h.next * h.next


@node
def fit(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    with segment(every=4) as seq:
        w = parameter(seq, init=0.1)
        loss, d = value_and_grad(model, wrt="w")(w, x)
        descend(seq, SGD(-0.05), (w, d))
    return loss + 0.0 * y
"""
ROWS = 60


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    x = rng.uniform(size=ROWS).astype(np.float32)
    np.savez("data.npz", x=x, y=np.roll(x, 1))
    Path("fit.py").write_text(PROGRAM, "utf-8")
    Path("diverges.py").write_text(DIVERGES, "utf-8")
    return tmp_path


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["train", *arguments], catch_exceptions=False)


def test_a_run_in_parts_is_a_run_in_one_go_and_that_of_the_interpreter(folder: Path) -> None:
    given = ("fit.py:fit", "--input", "data.npz", "-q")
    assert run(*given, "--epochs", "4", "--checkpoint", "whole").exit_code == ExitCode.OK
    for epochs in ("1", "3", "4"):
        rest = () if epochs == "1" else ("--resume",)
        assert run(*given, "--epochs", epochs, "--checkpoint", "parts", *rest).exit_code == ExitCode.OK
    for name in ("weights.safetensors", "curve.csv"):
        assert (folder / "whole" / name).read_bytes() == (folder / "parts" / name).read_bytes()
    weights = read_weights(folder / "whole" / "weights.safetensors")
    assert weights.updates == 4 * ROWS // 5
    checked = check_file("fit.py:fit")
    data = {name: np.tile(values, 4) for name, values in np.load("data.npz").items()}
    slow = interpret(checked.program, data, 4 * ROWS)
    assert {name.removeprefix("p.") for name in weights.tensors} == {"w", "u", "out"}
    for name in ("p.w", "p.out"):
        assert np.array_equal(weights.tensors[name], np.asarray(slow.state[name])), name
    assert np.array_equal(weights.tensors["p.u"], first_values(checked.program)["p.u"].machine())
    # The curve is the mean of the loss in each epoch.
    loss = np.asarray(slow.trace.column(checked.main.outputs[0].name).values, np.float64).reshape(4, ROWS)
    with (folder / "whole" / "curve.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in rows] == pytest.approx(loss.mean(axis=1), rel=1e-12)
    assert loss[3].mean() < 0.8 * loss[0].mean()


def test_trained_weights_start_other_commands_and_are_ordinary_tensors(folder: Path) -> None:
    run("fit.py:fit", "--input", "data.npz", "--epochs", "3", "--checkpoint", "c", "-q")
    file = folder / "c" / "weights.safetensors"
    assert set(load_weights(file)) == {"p.w", "p.u", "p.out"}
    after = run("fit.py:fit", "--input", "data.npz", "--weights", str(file), "--steps", "60", "--format", "json")
    first = run("fit.py:fit", "--input", "data.npz", "--steps", "60", "--format", "json")
    trained, fresh = (json.loads(found.stdout)["curve"][0]["values"]["loss"] for found in (after, first))
    assert trained < 0.7 * fresh
    for command in ("check", "schedule"):
        given = [command, "fit.py:fit", *(["--weights", str(file)] if command == "check" else []), "-q"]
        assert CliRunner().invoke(app, given).exit_code == ExitCode.OK


def test_a_run_that_learns_nothing_is_told(folder: Path) -> None:
    short = run("fit.py:fit", "--input", "data.npz", "--steps", "4")
    assert short.exit_code == ExitCode.OK
    assert "warning[S019]: the run of 4 ticks is over before the first update" in short.stderr
    assert "S019" not in run("fit.py:fit", "--input", "data.npz", "--steps", "5").stderr
    frozen = PROGRAM.replace('frozen={"u": True}', "frozen=True")
    lines = [line for line in frozen.splitlines() if "value_and_grad(" not in line and "descend(" not in line]
    Path("frozen.py").write_text("\n".join(lines).replace("return loss", "return model(p, x, y)"), "utf-8")
    kept = run("frozen.py:fit", "--input", "data.npz", "--checkpoint", "c")
    assert kept.exit_code == ExitCode.OK
    assert "warning[S019]: `fit` has no weights to keep: every parameter is frozen" in kept.stderr
    without = run("fit.py:model", "--input", "data.npz", "--steps", "5")
    assert "S002" in without.output
    Path("plain.py").write_text(
        "from syncml import *\n\n\n@node\ndef f(x: Stream[f32]) -> Stream[f32]:\n    return x\n", "utf-8"
    )
    assert (
        "warning[S019]: `f` has no weights to keep: it has no parameter"
        in run("plain.py", "--input", "data.npz").stderr
    )


def test_the_seed_draws_the_first_weights(folder: Path) -> None:
    first, other = (first_values(check_file("fit.py:fit", seed=seed).program) for seed in (0, 1))
    assert first["p.w"] != other["p.w"]
    assert first["p.out"] != other["p.out"]
    for seed in ("0", "1"):
        run("fit.py:fit", "--input", "data.npz", "--steps", "5", "--checkpoint", seed, "--seed", seed, "-q")
        tensors = read_weights(folder / seed / "weights.safetensors").tensors
        # What is frozen is as it was drawn.
        drawn = (first, other)[int(seed)]["p.u"].machine()
        assert np.array_equal(tensors["p.u"], drawn)


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        (lambda t: t.pop("p.w"), "D003", "no tensor for the parameter `p.w`"),
        (lambda t: t.update({"p.v": np.zeros(3, np.float32)}), "D003", "has a tensor `p.v`"),
        (lambda t: t.update({"p.w": np.zeros((2, 3), np.float32)}), "D003", "has shape (2, 3), not (3, 3)"),
        (lambda t: t.update({"p.w": np.zeros((3, 3))}), "D003", "is float64, not float32"),
        (lambda t: t.update({"p.u": np.full(3, np.nan, np.float32)}), "D003", "values that are not finite"),
    ],
)
def test_weights_that_do_not_fit_are_refused_at_the_parameter(folder: Path, change: Any, code: str, text: str) -> None:
    from syncml.networks.weights import save_weights

    tensors = {
        name: np.asarray(value.machine()) for name, value in first_values(check_file("fit.py:fit").program).items()
    }
    change(tensors)
    save_weights("w.safetensors", tensors)
    found = CliRunner().invoke(app, ["check", "fit.py:fit", "--weights", "w.safetensors", "--format", "json"])
    assert found.exit_code == ExitCode.REJECTED
    (diagnostic,) = json.loads(found.stdout)["diagnostics"]
    assert diagnostic["code"] == code
    assert text in diagnostic["message"]
    line = PROGRAM.splitlines().index(next(x for x in PROGRAM.splitlines() if "parameter(seq" in x)) + 1
    if "has a tensor" not in text:
        assert diagnostic["primary"]["span"]["line"] == line


FROZEN = """
from syncml import Stream, assume, ensure, f32, node, segment
from syncml.learn import parameter


@node
def gain(x: Stream[f32]) -> Stream[f32]:
    assume((x >= -1.0) & (x <= 1.0))
    with segment(every=4) as block:
        w = parameter(block, init=5.0, frozen=True)
    y = w * x
    ensure(abs(y) <= 1.0, "small")
    return y
"""


def test_a_proof_is_of_the_weights_in_the_file(folder: Path) -> None:
    from syncml.networks.weights import save_weights

    Path("gain.py").write_text(FROZEN, "utf-8")
    save_weights("half.safetensors", {"w": np.array(0.5, np.float32)})
    verdicts = [
        CliRunner().invoke(app, ["verify", "gain.py", *weights, "--jobs", "1", "-q"]).exit_code
        for weights in ([], ["--weights", "half.safetensors"])
    ]
    assert verdicts == [ExitCode.REJECTED, ExitCode.OK]


def test_files_that_are_no_weights_are_refused(folder: Path) -> None:
    run("fit.py:fit", "--input", "data.npz", "--steps", "5", "--checkpoint", "c", "-q")
    content = (folder / "c" / "weights.safetensors").read_bytes()
    for name, data in {"cut": content[:-4], "noise": b"no tensors at all", "empty": b""}.items():
        Path(f"{name}.safetensors").write_bytes(data)
        found = CliRunner().invoke(app, ["check", "fit.py:fit", "--weights", f"{name}.safetensors"])
        assert found.exit_code == ExitCode.REJECTED
        assert "D004" in found.output
    # A byte of a name that is not what was written.
    Path("renamed.safetensors").write_bytes(content.replace(b'"p.out"', b'"p.oux"'))
    found = CliRunner().invoke(app, ["check", "fit.py:fit", "--weights", "renamed.safetensors"])
    assert "D004" in found.output


def test_a_value_that_is_not_finite_ends_the_run_and_its_origin_is_named(folder: Path) -> None:
    given = ("diverges.py:fit", "--input", "data.npz", "--every", "12", "--checkpoint", "c", "--epochs", "50")
    found = run(*given, "--format", "json")
    assert found.exit_code == ExitCode.REJECTED
    document = json.loads(found.stdout)
    assert document["stopped"] == "not finite"
    assert document["curve"], "some reports were good"
    # The last good checkpoint is there, and can be gone on from.
    weights = read_weights(folder / "c" / "weights.safetensors")
    assert np.isfinite(weights.tensors["w"]).all()
    assert weights.updates == document["updates"]
    line = DIVERGES.splitlines().index("    logarithm = log(gap)") + 1
    assert f"diverges.py:{line}:" in found.stderr
    assert "`model_value_and_grad.logarithm` is the first" in found.stderr or "logarithm" in found.stderr
    again = run(*given, "--resume", "--format", "json")
    assert json.loads(again.stdout)["curve"] == document["curve"]


def test_goal_and_patience_end_a_run(folder: Path) -> None:
    given = ("fit.py:fit", "--input", "data.npz", "--epochs", "40", "--format", "json")
    whole = [point["values"]["loss"] for point in json.loads(run(*given).stdout)["curve"]]
    goal = whole[5]
    document = json.loads(run(*given, "--goal", repr(goal)).stdout)
    assert document["stopped"] == "goal"
    assert whole[-1] < goal
    assert [point["values"]["loss"] for point in document["curve"]] == whole[: 1 + whole.index(goal)]
    frozen = PROGRAM.replace("Adam(0.02)", "Adam(0.0)")
    Path("still.py").write_text(frozen, "utf-8")
    document = json.loads(run("still.py:fit", *given[1:], "--patience", "3").stdout)
    assert document["stopped"] == "patience"
    assert len(document["curve"]) == 4


def test_an_interruption_leaves_the_last_checkpoint(folder: Path) -> None:
    checked = check_file("fit.py:fit")
    data = read_data(Path("data.npz"), checked.main)
    calls = iter([False] * 9 + [True] * 99)
    learner = Learner(checked, data, None)
    plan = Plan(5 * ROWS, ROWS, folder=folder / "c")
    outcome = train(learner, plan, [], lambda _: None, lambda: next(calls))
    assert outcome.stopped is Stopped.INTERRUPTED
    assert 1 <= len(outcome.points) < 5
    given = ("fit.py:fit", "--input", "data.npz", "--epochs", "5", "-q")
    assert run(*given, "--checkpoint", "c", "--resume").exit_code == ExitCode.OK
    assert run(*given, "--checkpoint", "whole").exit_code == ExitCode.OK
    assert (folder / "c" / "curve.csv").read_bytes() == (folder / "whole" / "curve.csv").read_bytes()
    assert (folder / "c" / "weights.safetensors").read_bytes() == (
        folder / "whole" / "weights.safetensors"
    ).read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT for another process")
def test_ctrl_c_ends_a_run_with_130_and_it_goes_on_to_the_same_bits(folder: Path) -> None:
    given = ["fit.py:fit", "--input", "data.npz", "--every", str(20 * ROWS)]
    line = [sys.executable, "-m", "syncml", "train", *given, "--steps", "4000000000", "--checkpoint", "c"]
    environment = {**os.environ, "PYTHONPATH": str(Path(syncml.__file__).parents[1])}
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            limit = time.monotonic() + 120.0
            while not (folder / "c" / "curve.csv").exists():
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < limit
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == ExitCode.INTERRUPTED == 130, err
    assert "interrupted" in out
    assert "Traceback" not in err
    with (folder / "c" / "curve.csv").open() as file:
        *_, last = csv.DictReader(file)
    steps = str(int(last["steps"]) + 50 * ROWS)
    assert run(*given, "--steps", steps, "--checkpoint", "c", "--resume", "-q").exit_code == ExitCode.OK
    assert run(*given, "--steps", steps, "--checkpoint", "whole", "-q").exit_code == ExitCode.OK
    for name in ("weights.safetensors", "curve.csv"):
        assert (folder / "c" / name).read_bytes() == (folder / "whole" / name).read_bytes()


def test_what_cannot_go_on_is_refused(folder: Path) -> None:
    given = ("fit.py:fit", "--input", "data.npz", "--steps", "60", "-q", "--checkpoint", "c")
    assert run(*given).exit_code == ExitCode.OK
    before = {path.name: path.read_bytes() for path in (folder / "c").iterdir()}
    again = run(*given)
    assert again.exit_code == ExitCode.USAGE
    assert "U003" in again.output
    assert "S017" in run(*given, "--resume", "--seed", "1").output
    values = dict(np.load("data.npz"))
    np.savez("data.npz", x=values["x"] * 2.0, y=values["y"])
    assert "S017" in run(*given, "--resume").output
    assert {path.name: path.read_bytes() for path in (folder / "c").iterdir()} == before
    np.savez("data.npz", **values)
    (folder / "c" / "state.npz").write_bytes(before["state.npz"][:-50])
    assert "D004" in run(*given, "--resume").output
    assert "D001" in run("fit.py:fit", "--input", "data.npz", "--checkpoint", "none", "--resume").output


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--steps", "10"), "U001"),
        (("--input", "data.npz", "--steps", "10", "--epochs", "2"), "U001"),
        (("--input", "data.npz", "--loss", "x"), "U001"),
        (("--input", "data.npz", "--plot", "curve.gif"), "U001"),
        (("--input", "data.npz", "--resume"), "U001"),
        (
            (
                "--input",
                "none.npz",
            ),
            "D001",
        ),
    ],
)
def test_options_that_mean_nothing(folder: Path, arguments: tuple[str, ...], code: str) -> None:
    found = run("fit.py:fit", *arguments)
    assert found.exit_code != ExitCode.OK
    assert code in found.output


def test_curves_are_drawn_over_the_steps(folder: Path) -> None:
    pytest.importorskip("matplotlib")
    found = run("fit.py:fit", "--input", "data.npz", "--epochs", "3", "--plot", "curve.svg", "-q")
    assert found.exit_code == ExitCode.OK
    picture = Path("curve.svg").read_text("utf-8")
    assert ">loss</text>" in picture
    assert ">steps</text>" in picture
    assert run("fit.py:fit", "--input", "data.npz", "--epochs", "3", "--plot", "curve.csv", "-q").exit_code == 0
    assert len(Path("curve.csv").read_text("utf-8").splitlines()) == 4


def test_a_full_disk_keeps_the_checkpoint_before(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = ("fit.py:fit", "--input", "data.npz", "-q", "--checkpoint", "c")
    assert run(*given, "--epochs", "2").exit_code == ExitCode.OK
    before = {path.name: path.read_bytes() for path in (folder / "c").iterdir()}
    real = os.fdopen

    class Full:
        def __init__(self, *arguments: Any) -> None:
            self._file = real(*arguments)

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None:
            self._file.close()

        def write(self, _: bytes) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("syncml.files.os.fdopen", Full)
    found = run(*given, "--epochs", "4", "--resume")
    assert found.exit_code == ExitCode.REJECTED
    assert "D001" in found.output
    assert "free some space" in found.output
    assert {path.name: path.read_bytes() for path in (folder / "c").iterdir()} == before
