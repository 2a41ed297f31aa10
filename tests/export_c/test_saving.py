"""The state of a node that runs: saved, restored in another instance, read and written by name."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from syncml.export_c import Options, export, package
from syncml.export_c.runner import run_command
from syncml.ir.step.syntax import Assign
from syncml.ir.types import F32
from tests.export_c.compilers import COMPILERS, STRICT
from tests.export_c.programs import ALL, add, at, inp, machine, out, pid, program
from tests.export_c.test_package import make, recorded

DRIVER = """
#include <stdio.h>
#include <string.h>
#include "network_state.h"

static network_out run(network_state *state, int from, int to)
{
    network_in in;
    network_out out;
    (void)memset(&in, 0, sizeof(in));
    (void)memset(&out, 0, sizeof(out));
    for (int k = from; k < to; k++) {
        (void)memset(&in, k * 7, sizeof(in));
        network_step(&in, &out, state);
    }
    return out;
}

int main(void)
{
    static network_state whole, first, second;
    static uint8_t saved[network_saved_size];
    network_init(&whole);
    network_init(&first);
    const network_out expected = run(&whole, 0, 40);
    (void)run(&first, 0, 20);
    network_save(&first, saved);
    (void)memset(&second, 0xA5, sizeof(second));
    if (!network_restore(&second, saved)) { return 1; }
    const network_out found = run(&second, 20, 40);
    if (memcmp(&expected, &found, sizeof(found)) != 0) { return 2; }
    saved[0] ^= 1U;
    const network_state before = second;
    if (network_restore(&second, saved)) { return 3; }
    if (memcmp(&before, &second, sizeof(before)) != 0) { return 4; }
    float last = 0.0F;
    if (!network_state_get(&second, "b.last", (uint8_t *)&last, sizeof(last))) { return 5; }
    if (last != second.b.last) { return 6; }
    last = 17.5F;
    if (!network_state_set(&second, "b.last", (const uint8_t *)&last, sizeof(last))) { return 7; }
    if (second.b.last != 17.5F) { return 8; }
    if (network_state_set(&second, "b.last", (const uint8_t *)&last, 2U)) { return 9; }
    if (network_state_get(&second, "b.las", (uint8_t *)&last, sizeof(last))) { return 10; }
    if (network_find("b.last_") != network_leaf_count) { return 11; }
    network_reset(&second);
    network_init(&first);
    network_save(&first, saved);
    static uint8_t again[network_saved_size];
    network_save(&second, again);
    return (memcmp(saved, again, sizeof(saved)) == 0) ? 0 : 12;
}
"""


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("level", ["-O0", "-O3"])
def test_another_instance_goes_on_bit_for_bit(compiler: str, level: str, tmp_path: Path) -> None:
    export(ALL["network"](), tmp_path)
    (tmp_path / "driver.c").write_text(DRIVER)
    sources = [str(p.relative_to(tmp_path)) for p in (tmp_path / "src").iterdir()]
    run_command([compiler, level, *STRICT, "-Wno-float-equal", "-Iinclude", "driver.c", *sources, "-o", "d"], tmp_path)
    assert subprocess.run([tmp_path / "d"], check=False).returncode == 0


def test_what_is_stored_is_all_that_a_step_may_read() -> None:
    """Registers, those of instances, and outputs that keep their value while they are absent."""
    for name, make_program in ALL.items():
        leaves = package(make_program()).leaves
        assert leaves.stored or name == "stateless"
        assert {leaf.name for leaf in leaves.state} <= {leaf.name for leaf in leaves.stored}


def test_a_register_that_is_not_saved_is_noticed(tmp_path: Path) -> None:
    """The harness restores the state between any two steps, so a missing leaf spoils the run."""
    export(pid(), tmp_path, Options(recorded(pid())))
    path = tmp_path / "src" / "pid_state.c"
    text = path.read_text()
    assert text.count("good && (n < pid_leaf_count)") == 2
    path.write_text(text.replace("good && (n < pid_leaf_count)", "good && (n < (pid_leaf_count - 1U))"))
    done = make(tmp_path, "check")
    assert done.returncode != 0
    assert "FAILED" in done.stdout


def test_the_size_of_a_saved_state() -> None:
    exported = package(ALL["modes"]())
    size = 8 + sum(leaf.size * leaf.count for leaf in exported.leaves.stored)
    assert f"#define modes_saved_size {size}U" in exported.files["include/modes_state.h"].decode()


def test_the_layout_tells_two_programs_apart() -> None:
    hashes = {package(each()).leaves.stored_hash for each in ALL.values()}
    assert len(hashes) == len(ALL)


def test_a_node_without_memory_has_nothing_to_save() -> None:
    x, y = inp("x", F32), out("y", F32)
    exported = package(program(machine("twofold", (x,), (y,), (Assign(at(y), add(at(x), at(x))),))))
    assert not any("_state." in name for name in exported.files)
    assert exported.compiled == ("src/twofold.c",)


@pytest.mark.parametrize(
    ("rule", "spoiled"),
    [
        ("good = size == (leaf->count * leaf->size);", "good = size > 0U;"),
        ("bytes[k] <= 1U", "bytes[k] <= 2U"),
        ("saved[k] == layout[k]", "saved[k] != 0xEEU"),
        ("found = k;", "found = 0U;"),
    ],
)
def test_the_harness_tries_what_is_to_be_refused(rule: str, spoiled: str, tmp_path: Path) -> None:
    chosen = (made for each in ALL.values() for made in (each(),) if len(package(made).leaves.stored) > 1)
    code = next(made for made in chosen if any(leaf.kind == "bool" for leaf in package(made).leaves.stored))
    export(code, tmp_path, Options(recorded(code)))
    (path,) = (tmp_path / "src").glob("*_state.c")
    text = path.read_text()
    assert rule in text
    path.write_text(text.replace(rule, spoiled))
    done = make(tmp_path, "check")
    assert done.returncode != 0
    assert "FAILED, reading and setting the state by name" in done.stdout
