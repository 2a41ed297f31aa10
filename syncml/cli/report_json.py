"""The report of an export (`syncml export --report`, `evidence/report.json`), as pydantic models."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from syncml.diagnostics.json_format import Document

SchemaId = Literal["syncml/report/1"]


class OperationsModel(Document):
    """The most operations of each kind in one tick."""

    additions: int = Field(ge=0, description="Subtractions too.")
    multiplications: int = Field(ge=0)
    divisions: int = Field(ge=0)
    square_roots: int = Field(ge=0)
    comparisons: int = Field(ge=0)
    calls: dict[str, int] = Field(description="Calls of elementary functions, by name.")
    total: int = Field(ge=0, description="All of these, a call as one.")


class InstructionsModel(Document):
    """The instructions of one tick at most, by an estimate; instructions are not cycles."""

    target: str
    estimate: int = Field(ge=0)
    within: float | None = Field(
        description="Counted instructions lie within this factor; null where the target is not calibrated."
    )


class RamModel(Document):
    """Bytes of writable memory."""

    total: int = Field(ge=0, description="State and local variables.")
    state: int = Field(ge=0, description="The state struct with padding, on 64-bit processors, Arm and RISC-V.")
    state_values: int = Field(ge=0, description="The registers, without padding.")
    state_scratch: int = Field(ge=0, description="Scratch that lies in the state, since the stack has no room for it.")
    state_on_32_bit_x86: int = Field(ge=0, description="The state struct where numbers of 8 bytes are aligned to 4.")
    scratch: int = Field(ge=0, description="Local tensors along the calls that need the most.")
    scratch_lower_bound: int = Field(ge=0, description="The most bytes of local tensors that are live at one moment.")
    scratch_elements: int = Field(ge=0, description="The elements of the scratch: its bytes if each were one byte.")
    inputs: int = Field(ge=0, description="The struct of inputs, which the caller owns.")
    outputs: int = Field(ge=0, description="The struct of outputs, which the caller owns.")


class ArrayModel(Document):
    """A constant array."""

    name: str
    type: str
    bytes: int = Field(ge=0)


class RomModel(Document):
    """Bytes of constants; the compiler knows the size of the code."""

    total: int = Field(ge=0)
    arrays: list[ArrayModel]
    tables: int = Field(ge=0, description="Tables inside of functions, and initial values.")


class FunctionModel(Document):
    """The local variables of a function."""

    name: str
    node: str
    tensors: int = Field(ge=0)
    tensors_unshared: int = Field(ge=0, description="What its tensors would take if none shared memory.")
    scalars: int = Field(ge=0)
    with_calls: int = Field(ge=0, description="All variables along the calls that need the most.")
    calls: list[str]


class StackModel(Document):
    """Bytes of local variables; what a compiler adds (saved registers, return addresses) is in its own report."""

    locals: int = Field(ge=0)
    path: list[str] = Field(description="The functions that are on the stack together then, outermost first.")
    functions: list[FunctionModel]


class TensorModel(Document):
    """One of the largest local tensors."""

    function: str
    name: str
    type: str
    bytes: int = Field(ge=0)
    shares_memory: bool


class ObjectModel(Document):
    """An object that lies in a region."""

    name: str = Field(description="Its name in C; `state` is one instance of the state.")
    bytes: int = Field(ge=0)
    accesses: int = Field(ge=0, description="How often a tick reads or writes one of its elements.")


class RegionModel(Document):
    """A region of memory that was given with --region."""

    name: str
    bytes: int = Field(ge=0)
    used: int = Field(ge=0)
    objects: list[ObjectModel]


class LiveModel(Document):
    """A step of the live-set curve."""

    moment: int = Field(ge=0, description="Half assignments since the step began.")
    bytes: int = Field(ge=0)


class BothModel(Document):
    """A figure of the program with every window computed as a whole, and of the folded one."""

    unfolded: int = Field(ge=0)
    folded: int = Field(ge=0)


class LineModel(Document):
    """A tensor of which columns are kept from tick to tick."""

    name: str
    columns: int = Field(ge=0, description="Its extent along time.")
    computed: int = Field(ge=0, description="The columns that are computed in a tick.")
    kept: int = Field(ge=0, description="The older ones that are kept.")
    bytes: int = Field(ge=0)


class WholeModel(Document):
    """What reads a window, or a tensor computed from one, and is computed anew in each tick."""

    name: str
    line: int = Field(ge=0)
    reason: str


class FoldingModel(Document):
    """What folding over time gains, and whether it is worth its memory."""

    exported: Literal["unfolded", "folded"]
    products: BothModel = Field(description="Multiplications of sums of products (layers).")
    multiplications: BothModel
    operations: BothModel
    instructions: BothModel = Field(description="The estimate for the target.")
    state: BothModel
    ram: BothModel
    rom: BothModel
    lines: list[LineModel]
    whole: list[WholeModel]


class ReportModel(Document):
    """What one package costs."""

    schema_id: SchemaId = Field(alias="schema")
    node: str
    operations: OperationsModel
    instructions: InstructionsModel
    ram: RamModel
    rom: RomModel
    stack: StackModel
    largest: list[TensorModel]
    regions: list[RegionModel]
    live: list[LiveModel]
    folding: FoldingModel | None = Field(default=None, description="Of a program with windows.")
