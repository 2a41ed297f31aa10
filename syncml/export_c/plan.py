"""Every C name and every interface of a package, decided before a line of C is made.

Rule: the node that is exported gives its name to the files and to everything visible outside; machines that it
instantiates become internal functions with one parameter for each input. A machine without memory has no state
struct. An output that some tick leaves alone lives in the state, since it keeps its value.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import field, replace

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Diagnostic, DiagnosticError, Label, Severity, error
from syncml.export_c.assignment import Assignment, analyse
from syncml.export_c.helpers import HELPERS
from syncml.export_c.integers import NamedIntegers
from syncml.export_c.memory import Memory
from syncml.export_c.naming import NameScope, identifier
from syncml.export_c.prepare import prepare
from syncml.export_c.scalars import c_type
from syncml.export_c.sharing import placed
from syncml.ir.step.overlay import Placement, overlay, private_slots
from syncml.ir.step.syntax import Function, Instance, Literal, Machine, Slot, StepProgram, Stmt
from syncml.ir.step.traverse import blocks, expressions, machine_functions, mentioned
from syncml.ir.types import Element, EnumType, TensorType, element, element_bytes, size

PUBLIC = (
    *("in", "out", "state", "init", "reset", "step"),
    *("leaf", "leaf_at", "leaf_count", "saved_size", "find", "state_get", "state_set", "save", "restore"),
)
"""What follows the name of the node in the names that every package has."""


@dataclass(frozen=True, slots=True)
class MachinePlan:
    """How a machine looks in C.

    Attributes:
        machine: The machine, prepared for C.
        placed: The same before tensors came to share memory, and the memory.
        step: The name of its step function; ``init`` that of its initialisation.
        state: The name of its state struct, or None if it has no memory.
        members: State slots and kept outputs as members of that struct.
        instances: Instances that have memory, as members of that struct.
        kept: The outputs that live in the state.
        returned: The only output, where it is a scalar and the step function returns it.
        assignment: Definite assignment of the body.
        scratch: Large local tensors as members of the state struct, where the stack has no room for them.
        remembers: Whether anything in that struct goes from tick to tick, other than scratch.
    """

    machine: Machine
    placed: Placement
    step: str
    init: str
    state: str | None
    members: Mapping[Slot, str]
    instances: Mapping[str, str]
    kept: frozenset[Slot]
    returned: Slot | None
    assignment: Assignment
    scratch: Mapping[Slot, str] = field(default_factory=dict[Slot, str])
    remembers: bool = True

    def flag(self, name: str) -> str:
        """The member that is ``due``, ``busy`` or ``overrun`` of this job."""
        return next(m for slot, m in self.members.items() if slot.name == f"{self.machine.name}.{name}")


@dataclass(frozen=True, slots=True)
class EnumNames:
    """The C type of an enumeration and the macros of its constructors, in order."""

    type: str
    constructors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Names and interfaces of a package.

    ``inputs`` and ``outputs`` are the members of the public structs, ``marks`` the macros that tell in which region of
    memory the state and each constant array lie, by name, where regions are given. Constant arrays of that length start
    at multiples of ``alignment`` bytes, unless it is 0. ``integers`` are the inputs and outputs of quantised networks.
    """

    prefix: str
    machines: tuple[MachinePlan, ...]
    inputs: Mapping[Slot, str]
    outputs: Mapping[Slot, str]
    constants: Mapping[Slot, str]
    functions: Mapping[Function, str]
    enums: Mapping[EnumType, EnumNames]
    files: NameScope
    jobs: tuple[MachinePlan, ...] = ()
    marks: Mapping[str, str] = field(default_factory=dict[str, str])
    alignment: int = 0
    integers: tuple[NamedIntegers, ...] = ()

    @property
    def bodies(self) -> tuple[MachinePlan, ...]:
        """Everything that has a function: the machines, then the jobs of the main one, which work on its state."""
        return (*self.machines, *self.jobs)

    @property
    def main(self) -> MachinePlan:
        """The exported machine."""
        return self.machines[-1]

    def machine(self, name: str) -> MachinePlan:
        """The plan of the machine called ``name``."""
        return next(plan for plan in self.machines if plan.machine.name == name)

    def type_of(self, kind: Element) -> str:
        """The C type of an element, an enumeration by its own name."""
        return self.enums[kind].type if isinstance(kind, EnumType) else c_type(kind)


def plan(program: StepProgram, memory: Memory | None = None) -> Plan:
    """Decide all names and interfaces of ``program``, laid out as ``memory`` says.

    Raises:
        DiagnosticError: X002, two inputs, two outputs or two constructors have the same name in C.
    """
    memory = memory or Memory()
    prepared = [_without_model(prepare(machine), program.main) for machine in _reachable(program)]
    placements = [placed(machine, memory.large) for machine in prepared]
    machines = list(map(overlay, placements))
    main = machines[-1]
    prefix = identifier(main.label or main.name)
    files = NameScope(fold_case=True)
    public = tuple(f"{prefix}_{part}" for part in PUBLIC)
    for machine in machines:
        if machine.external and identifier(machine.external) != machine.external:
            message = f"`{machine.external}` means something else in C"
            raise DiagnosticError(error("X003", message, machine.span, help="give the function another name"))
    supplied = [m.external for m in machines if m.external]
    files.reserve((*HELPERS, prefix, *public, *supplied, *(f"{name}_init" for name in supplied)))
    enums = {kind: _enum_names(kind, prefix, files) for kind in _enumerations([*machines, *_jobs(program)])}
    planned: dict[str, MachinePlan] = {}
    constants: dict[Slot, str] = {}
    beside = [placed(job, memory.large) for job in map(prepare, _jobs(program))]
    # Where the stack has no room for the tensors of all calls, large ones are in the state of their function.
    spilled = memory.large if _deepest(machines) > memory.stack else None
    for machine, placement in zip(machines, placements, strict=True):
        planned[machine.name] = _machine_plan(machine, placement, machine is main, prefix, files, planned, spilled)
        owner = prefix if machine is main else f"{prefix}_{machine.name}"
        for slot in machine.constants:
            if isinstance(slot.type, TensorType):
                constants[slot] = files.claim(f"{owner}_{slot.name}")
    return Plan(
        prefix,
        tuple(planned.values()),
        _interface(main.inputs, "inputs"),
        _interface(main.outputs, "outputs"),
        constants,
        {function: files.claim(function.name) for function in _functions(machines, [job.machine for job in beside])},
        enums,
        files,
        tuple(_job_plan(job, planned[main.name], prefix, files) for job in beside),
    )


def _functions(machines: Iterable[Machine], jobs: Iterable[Machine]) -> tuple[Function, ...]:
    return tuple(dict.fromkeys(f for machine in (*machines, *jobs) for f in machine_functions(machine)))


def _job_plan(job: Placement, main: MachinePlan, prefix: str, files: NameScope) -> MachinePlan:
    """A job is a function of the state of the main machine and of nothing else."""
    name = files.claim(f"{prefix}_{job.machine.name}")
    machine = overlay(job)
    assignment = analyse(machine.body)
    own = frozenset[Slot]()
    return replace(
        main,
        machine=machine,
        placed=job,
        step=name,
        init="",
        kept=own,
        returned=None,
        assignment=assignment,
        scratch={},
    )


def _jobs(program: StepProgram) -> tuple[Machine, ...]:
    return tuple(job.machine for job in program.jobs)


def local_bytes(own: MachinePlan) -> int:
    """The bytes of the variables that a step has on the stack by itself."""
    returned = () if own.returned is None or own.returned in own.kept else (own.returned,)
    return sum(map(slot_bytes, (*stack_slots(own), *returned)))


def slot_bytes(slot: Slot) -> int:
    """The bytes of a variable."""
    return element_bytes(element(slot.type)) * size(slot.type)


def stack_slots(own: MachinePlan) -> tuple[Slot, ...]:
    """The locals that exist together when the stack is deepest: what one loop has for itself exists in its block."""
    return _together(own.machine, own.scratch)


def _together(machine: Machine, elsewhere: Collection[Slot] = ()) -> tuple[Slot, ...]:
    private = private_slots(machine.body)
    common = tuple(slot for slot in machine.locals if slot not in private and slot not in elsewhere)
    return (*common, *_in_blocks(machine.body, [slot for slot in private if slot not in elsewhere]))


def _in_blocks(body: tuple[Stmt, ...], slots: Collection[Slot]) -> tuple[Slot, ...]:
    """Those of ``slots`` that exist together where they are most bytes, each in the smallest block that mentions it."""
    if not slots:
        return ()
    where: dict[Slot, set[tuple[int, int]]] = {slot: set() for slot in slots}
    inner: dict[tuple[int, int], tuple[Stmt, ...]] = {}
    for position, stmt in enumerate(body):
        for slot in mentioned((stmt,), inside=False) & where.keys():
            where[slot].add((position, -1))
        for number, block in enumerate(blocks(stmt)):
            inner[position, number] = block
            for slot in mentioned(block) & where.keys():
                where[slot].add((position, number))
    here = tuple(slot for slot, found in where.items() if len(found) != 1 or -1 in {n for _, n in found})
    deeper = [
        _in_blocks(block, [slot for slot, found in where.items() if found == {key}]) for key, block in inner.items()
    ]
    return (*here, *max(deeper, key=lambda group: sum(map(slot_bytes, group)), default=()))


def _deepest(machines: Iterable[Machine]) -> int:
    """The most bytes of local variables on the stack, if all are there; the exported machine is the last."""
    depth: dict[str, int] = {}
    deepest = 0
    for machine in machines:
        deepest = sum(map(slot_bytes, _together(machine)))
        deepest += max((depth[i.machine] for i in machine.instances), default=0)
        depth[machine.name] = deepest
    return deepest


def _spilled(machine: Machine, assignment: Assignment, large: int) -> list[Slot]:
    """The large tensors of ``machine``, but for one that a loop has for itself and those that start as zero."""
    private = private_slots(machine.body)
    return [
        slot
        for slot in machine.locals
        if isinstance(slot.type, TensorType)
        and slot_bytes(slot) >= large
        and (slot not in private or slot.holds)
        and slot not in assignment.exposed
    ]


def _without_model(machine: Machine, main: str) -> Machine:
    """An external machine without the body that stands for it in simulation."""
    if not machine.external or machine.name == main:
        return replace(machine, external="")
    return replace(machine, body=(), locals=(), constants=())


def _reachable(program: StepProgram) -> list[Machine]:
    """The main machine and all that it instantiates, directly or not, callees first."""
    needed = {program.main}
    found: list[Machine] = []
    for machine in reversed(program.machines):
        if machine.name in needed:
            needed.update(instance.machine for instance in machine.instances)
            found.append(machine)
    return found[::-1]


def _machine_plan(
    machine: Machine,
    placed: Placement,
    is_main: bool,
    prefix: str,
    files: NameScope,
    callees: Mapping[str, MachinePlan],
    spilled: int | None,
) -> MachinePlan:
    assignment = analyse(machine.body)
    # The user's function writes all of its results.
    outputs = () if machine.external else machine.outputs
    kept = frozenset(slot for slot in outputs if slot not in assignment.complete or slot in assignment.exposed)
    scope = NameScope(member=True)
    machine = replace(machine, instances=tuple(_once(i, callees[i.machine]) for i in machine.instances))
    members = {slot: scope.claim(slot.name) for slot in machine.state}
    instances = {i.name: scope.claim(i.name) for i in machine.instances if callees[i.machine].state is not None}
    members.update({slot: scope.claim(slot.name) for slot in machine.outputs if slot in kept})
    large = [] if spilled is None else _spilled(machine, assignment, spilled)
    scratch = {slot: scope.claim(slot.name) for slot in large}
    single = not is_main and len(machine.outputs) == 1 and not isinstance(machine.outputs[0].type, TensorType)
    if is_main:
        step, init, state = f"{prefix}_step", files.claim(f"{prefix}_initial"), f"{prefix}_state"
    else:
        step, init = machine.external, f"{machine.external}_init"
        if not machine.external:
            step, init = files.claim(f"{machine.name}_step"), files.claim(f"{machine.name}_init")
        state = files.claim(f"{prefix}_{machine.name}_state") if members or instances or scratch else None
    returned = machine.outputs[0] if single else None
    remembers = bool(members) or any(callees[i.machine].remembers for i in machine.instances)
    return MachinePlan(
        machine, placed, step, init, state, members, instances, kept, returned, assignment, scratch, remembers
    )


def _once(instance: Instance, callee: MachinePlan) -> Instance:
    """One instance in the place of an array of them that have scratch only: they are called one after the other."""
    scratch = callee.state is not None and not callee.remembers
    return replace(instance, extent=None, names=()) if scratch else instance


def _enumerations(machines: Iterable[Machine]) -> dict[EnumType, None]:
    """The enumerations that the machines mention, in the order in which they first do."""
    found: dict[EnumType, None] = {}

    def see(kind: Element) -> None:
        if isinstance(kind, EnumType):
            found.setdefault(kind)

    for machine in machines:
        for slot in (*machine.inputs, *machine.outputs, *machine.state, *machine.constants, *machine.locals):
            see(element(slot.type))
        for expr in expressions(machine.body):
            if isinstance(expr, Literal):
                see(expr.type)
    return found


def _enum_names(kind: EnumType, prefix: str, files: NameScope) -> EnumNames:
    name = files.claim(f"{prefix}_{kind.name}")
    spelled = [identifier(constructor, member=True) for constructor in kind.constructors]
    for k, text in enumerate(spelled):
        if text in spelled[:k]:
            clash = f"constructors {kind.constructors[spelled.index(text)]} and {kind.constructors[k]} of {kind.name}"
            raise _clash(f"{clash} are both {text} in C", ())
    return EnumNames(name, tuple(files.claim(f"{name}_{text}") for text in spelled))


def _interface(slots: tuple[Slot, ...], what: str) -> dict[Slot, str]:
    """The members of a public struct. Renaming one of two silently would wire a user's signals to the wrong place."""
    names: dict[Slot, str] = {}
    owners: dict[str, Slot] = {}
    for slot in slots:
        name = identifier(slot.name, member=True)
        if name in owners:
            raise _clash(f"{what} {owners[name].name} and {slot.name} are both {name} in C", (owners[name], slot))
        owners[name] = slot
        names[slot] = name
    return names


def _clash(message: str, slots: tuple[Slot, ...]) -> DiagnosticError:
    places = [Label(slot.origin.span, f"{slot.name} is defined here") for slot in slots if slot.origin is not None]
    primary = places[-1] if places else None
    return DiagnosticError(
        Diagnostic(
            "X002",
            Severity.ERROR,
            message,
            primary,
            tuple(places[:-1]),
            notes=("a dot in a stream's name becomes an underscore in C",),
            help="rename one of the two",
        )
    )
