"""The command-line application: its commands, and nothing else.

Each command is a module of this package. What a command needs of the compiler it imports when it
runs, so that `syncml --help` is quick.
"""

from __future__ import annotations

from typing import Annotated

import typer

import syncml
from syncml.cli.certify import certify
from syncml.cli.check import check
from syncml.cli.declared import for_typer
from syncml.cli.demo import demo
from syncml.cli.doctor import doctor
from syncml.cli.explain import explain
from syncml.cli.export import export
from syncml.cli.graph import graph
from syncml.cli.new import new
from syncml.cli.replay import replay
from syncml.cli.schedule import schedule
from syncml.cli.search import search
from syncml.cli.sim import sim
from syncml.cli.sweep import sweep
from syncml.cli.testgen import testgen
from syncml.cli.train import train
from syncml.cli.verify import verify

app = typer.Typer(
    name="syncml",
    help="From one dataflow program: a proof or a counterexample, a simulation, and C.",
    epilog="Exit codes: 0 proved or well-formed, 1 violated or ill-formed, 2 usage, 3 undecided, 70 internal fault.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    check, verify, certify, sim, train, sweep, replay, search, testgen, export, graph, schedule, explain, new, doctor,
    demo,
):  # fmt: skip
    app.command()(for_typer(command))


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"syncml {syncml.__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """From one dataflow program: a proof or a counterexample, a simulation, and C."""
