"""Loops that several threads run together, in compiled code.

Rule: a task is a loop whose iterations are independent, cut into slices of which each is run by the thread that claims
it first; so it writes what the loop alone would write, whoever runs what. The main thread posts a task, claims slices
like all others, and goes on when all are done: it never waits for a thread that has not begun. Each thread begins with
the slices that it had of the task before: so what it wrote it reads again, and memory does not move between processors.

Whether threads help depends on where processors are and what else they do. So tasks are counted in windows; one in so
many is shared for a trial, the next is not, and the others are as the faster of the two was.

A team is an array of words that threads share. One holds the number of the task; each slice has one with the number of
the last task of which it was claimed, and a claim puts the present number in the place of the one before. What the task
is stands beside its number: it is read after that, and holds if a claim succeeds, since the next task is posted only
when all slices are done.
"""

# Numba carries no types: whatever comes from it, or is handed to it, is unknown to a type checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownParameterType=false, reportMissingParameterType=false, reportUnknownArgumentType=false
# pyright: reportUntypedFunctionDecorator=false, reportUnusedParameter=false, reportCallIssue=false

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit  # noqa: TID253
from numba.core import cgutils, types  # noqa: TID253
from numba.extending import intrinsic  # noqa: TID253

from syncml.sim.teams import (
    ALONE,
    ARGUMENTS,
    BODY,
    CLAIMS,
    COUNT,
    DONE,
    HELPERS,
    LAST,
    LINE,
    SHARED,
    SLICES,
    SPENT,
    STOP,
    TASK,
    WINDOW,
)

__all__ = ["help_until_idle", "post", "share"]

_FIRST_TASKS, _TASKS, _WINDOWS = 256, 2048, 32
"""How many tasks a window has, first and then, and after how many windows it is found out again if threads help."""

_WORD = ir.IntType(64)
_BYTES = ir.IntType(8).as_pointer()
_TASK = ir.FunctionType(ir.VoidType(), [_BYTES, _WORD, _WORD])


_compiled: Any = njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)


@intrinsic
def _load(typingctx, team, place):
    """The word at ``place``, and after it all that was written before it was."""

    def codegen(context, builder, signature, args):
        return builder.load_atomic(builder.gep(args[0], [args[1]]), "acquire", 8)

    return types.int64(team, types.int64), codegen


@intrinsic
def _store(typingctx, team, place, value):
    """Write a word, after all that was written before."""

    def codegen(context, builder, signature, args):
        builder.store_atomic(args[2], builder.gep(args[0], [args[1]]), "release", 8)
        return context.get_dummy_value()

    return types.void(team, types.int64, types.int64), codegen


@intrinsic
def _replace(typingctx, team, place, old, new):
    """Write ``new`` if the word is ``old``; whether it was."""

    def codegen(context, builder, signature, args):
        found = builder.cmpxchg(builder.gep(args[0], [args[1]]), args[2], args[3], "acq_rel", "acquire")
        return builder.extract_value(found, 1)

    return types.boolean(team, types.int64, types.int64, types.int64), codegen


@intrinsic
def _increase(typingctx, team, place):
    """Add 1 to a word."""

    def codegen(context, builder, signature, args):
        builder.atomic_rmw("add", builder.gep(args[0], [args[1]]), ir.Constant(_WORD, 1), "acq_rel")
        return context.get_dummy_value()

    return types.void(team, types.int64), codegen


@intrinsic
def _pause(typingctx):
    """Tell the processor that this thread waits."""

    def codegen(context, builder, signature, args):
        if _is_x86(builder):
            builder.call(
                builder.module.declare_intrinsic("llvm.x86.sse2.pause", (), ir.FunctionType(ir.VoidType(), [])), []
            )
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def _cycles(typingctx):
    """The time in ticks of the processor's clock; 0 where a program may not read it, and tasks are always shared."""

    def codegen(context, builder, signature, args):
        if not _is_x86(builder):
            return ir.Constant(_WORD, 0)
        found = builder.module.declare_intrinsic("llvm.readcyclecounter", (), ir.FunctionType(_WORD, []))
        return builder.call(found, [])

    return types.int64(), codegen


def _is_x86(builder):
    return builder.module.triple.startswith(("x86", "i686"))


@intrinsic
def _run(typingctx, body, arguments, which, slices):
    """Run a slice of the task at the address ``body``."""

    def codegen(context, builder, signature, args):
        task = builder.inttoptr(args[0], _TASK.as_pointer())
        builder.call(task, [builder.inttoptr(args[1], _BYTES), args[2], args[3]])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64, types.int64), codegen


@intrinsic(prefer_literal=True)
def post(typingctx, team, loop, count, arguments):
    """Make ``loop(begin, end, *arguments)``, over ``count`` (a literal) iterations, the task of the team."""
    kinds = tuple(arguments.types)
    called = loop.get_call_type(typingctx, (types.int64, types.int64, *kinds), {})
    iterations = count.literal_value

    def codegen(context, builder, signature, args):
        values = cgutils.unpack_tuple(builder, args[3], len(kinds))
        record = ir.LiteralStructType([value.type for value in values])
        room = cgutils.alloca_once(builder, record)
        for place, value in enumerate(values):
            builder.store(value, cgutils.gep_inbounds(builder, room, 0, place))
        task = _task(context, builder, loop.dispatcher, called, record, iterations)
        for word, address in ((BODY, task), (ARGUMENTS, room)):
            place = builder.gep(args[0], [ir.Constant(_WORD, word)])
            builder.store_atomic(builder.ptrtoint(address, _WORD), place, "release", 8)
        return context.get_dummy_value()

    return types.void(team, loop, count, arguments), codegen


def _task(context, builder, dispatcher, called, record, iterations):
    """The function that runs one of some slices: it finds its arguments in the record, and its iterations."""
    compiled = dispatcher.overloads[called.args]
    context.active_code_library.add_linking_library(compiled.library)
    name = builder.module.get_unique_name("task")
    task = ir.Function(builder.module, _TASK, name)
    task.linkage = "internal"
    inside = ir.IRBuilder(task.append_basic_block())
    found = inside.bitcast(task.args[0], record.as_pointer())
    arguments = [inside.load(cgutils.gep_inbounds(inside, found, 0, n)) for n in range(len(record.elements))]
    total = ir.Constant(_WORD, iterations)
    begin = inside.sdiv(inside.mul(task.args[1], total), task.args[2])
    after = inside.add(task.args[1], ir.Constant(_WORD, 1))
    end = inside.sdiv(inside.mul(after, total), task.args[2])
    context.call_internal_no_propagate(inside, compiled.fndesc, called, [begin, end, *arguments])
    inside.ret_void()
    return task


@_compiled
def _work(team, number, first):
    """Run slices of a task that nobody has claimed, from one's own on."""
    slices, body, arguments = _load(team, SLICES), _load(team, BODY), _load(team, ARGUMENTS)
    for turn in range(slices):
        which = (first + turn) % slices
        if _replace(team, CLAIMS + LINE * which, number - 1, number):
            _run(body, arguments, which, slices)
            _increase(team, DONE)


@_compiled
def _count(team):
    """Count a task of a window, and the time since the one before; where a window ends, decide on the next."""
    now, last, count = _cycles(), _load(team, LAST), _load(team, COUNT) + 1
    spent = _load(team, SPENT) + (now - last if last else 0)
    window = _load(team, WINDOW)
    if count == (_TASKS if window >= _WINDOWS else _FIRST_TASKS):
        if window % _WINDOWS == 0:
            _store(team, SHARED, spent)
            _store(team, ALONE, 1)
        elif window % _WINDOWS == 1:
            _store(team, ALONE, 1 if spent < _load(team, SHARED) else 0)
        elif window % _WINDOWS == _WINDOWS - 1:
            _store(team, ALONE, 0)
        _store(team, WINDOW, window + 1)
        count = spent = 0
    _store(team, COUNT, count)
    _store(team, SPENT, spent)
    _store(team, LAST, now)


@_compiled
def share(team):
    """Run the posted task with the helpers that there are, unless they do not help."""
    if _load(team, HELPERS):
        _count(team)
    if _load(team, HELPERS) == 0 or _load(team, ALONE):
        _run(_load(team, BODY), _load(team, ARGUMENTS), 0, 1)
        return
    slices = _load(team, SLICES)
    number = _load(team, TASK) + 1
    _store(team, DONE, 0)
    _store(team, TASK, number)
    _work(team, number, 0)
    while _load(team, DONE) != slices:
        _pause()


@_compiled
def help_until_idle(team, first, patience):
    """Run slices of tasks until the team stops, or no task was posted for so many looks; whether it stopped."""
    looks, before = 0, 0
    while looks < patience:
        number = _load(team, TASK)
        if number == STOP:
            return True
        if number != before:
            _work(team, number, first)
            looks, before = 0, number
        looks += 1
        _pause()
    return False
