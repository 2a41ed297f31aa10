"""Peers that are programs and interpreters of the user: Heptagon, emlearn, onnxruntime and LiteRT.

    Heptagon     `control.ept`, compiled with -O; the same inputs, and the same outputs bit for bit or no figure
    emlearn      generates C from the dense layers with ReLU; weights with six decimals
    runtimes     run in a process of their own, which measures when it is asked

Each comes as C to be compiled or as what measures it, or as a sentence that says what is missing.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TypeAlias

import numpy as np

from benchmarks.export_c.peers import networks

HERE = Path(__file__).parent
Source: TypeAlias = tuple[str, tuple[Path, ...], tuple[Path, ...]]
"""The text of a file that defines ``run``, other files to compile, and folders of headers."""

TICKS = 64
"""Steps of the control program in one call of ``run``."""
CONTROL_INPUTS, CONTROL_OUTPUTS = 4, 2


class Runtime:
    """A model in onnxruntime or LiteRT; calling it gives the nanoseconds of one call."""

    def __init__(self, interpreter: str, runtime: str, model: Path) -> None:
        command = [interpreter, str(HERE / "runtimes.py"), runtime, str(model)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
        said = self._line()
        self.absent = None if said == "ready" else said.removeprefix("absent: ") or "does not run the model"
        if self.absent is not None:
            self.close()

    def __call__(self) -> float:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def emlearn(interpreter: str, folder: Path) -> Source | str:
    """The dense network with ReLU as emlearn writes it."""
    weights = folder / "dense.npz"
    tensors = {f"w{k}": w for k, (w, _) in enumerate(networks.DENSE)}
    np.savez(weights, **tensors, **{f"b{k}": b for k, (_, b) in enumerate(networks.DENSE)})
    command = [interpreter, str(HERE / "runtimes.py"), "emlearn", str(weights)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said, _, rest = done.stdout.partition("\n")
    if said != "ready":
        return said.removeprefix("absent: ") or done.stderr
    headers, _, text = rest.partition("\n")
    call = "void run(const float *in, float *out)\n{\n    (void)mlp_regress(in, 8, out, 2);\n}\n"
    return text + call, (), (Path(headers),)


def heptagon(compiler: str, folder: Path) -> Source:
    """The control program as Heptagon compiles it."""
    (folder / "control.ept").write_bytes((HERE / "control.ept").read_bytes())
    subprocess.run([compiler, "-O", "-target", "c", "control.ept"], cwd=folder, check=True, capture_output=True)
    where = subprocess.run([compiler, "-where"], check=True, capture_output=True, text=True).stdout.split()[-1]
    made = folder / "control_c"
    # The headers of an installation, or of a folder in which the compiler was built.
    headers = (Path(where) / "c", Path(compiler).resolve().parent / "lib" / "c")
    step = (
        "Control__control_out made;\n        Control__control_step(x[0], x[1], x[2] > 0.0f, x[3] > 0.0f, &made, &self);"
    )
    text = control_run('#include "control.h"', "Control__control_mem", "Control__control_reset", step)
    return text, tuple(sorted(made.glob("*.c"))), (made, *headers)


def control_run(include: str, state: str, init: str, step: str) -> str:
    """C that runs the control program over recorded inputs and goes on at the next call."""
    values = ", ".join(f"{value.hex()}f" for value in map(float, control_inputs().ravel()))
    return f"""{include}
static const float recorded[{TICKS}][{CONTROL_INPUTS}] = {{{values}}};
static {state} self;
static int begun = 0;
void run(const float *in, float *out)
{{
    (void)in;
    if (!begun) {{
        {init}(&self);
        begun = 1;
    }}
    for (int k = 0; k < {TICKS}; k++) {{
        const float *const x = recorded[k];
        {step}
        out[{CONTROL_OUTPUTS} * k] = made.command;
        out[({CONTROL_OUTPUTS} * k) + 1] = made.running ? 1.0f : 0.0f;
    }}
}}
"""


def control_inputs() -> np.ndarray:
    """A drive: the speed wanders around the target, and the controller is switched off and fails at times."""
    generator = np.random.default_rng(3)
    speed = 20.0 + np.cumsum(generator.normal(scale=0.5, size=TICKS))
    enabled = np.where(np.arange(TICKS) % 16 < 12, 1.0, 0.0)
    healthy = np.where(np.arange(TICKS) % 23 < 21, 1.0, 0.0)
    return np.stack([np.full(TICKS, 25.0), speed, enabled, healthy], axis=1).astype(np.float32)
