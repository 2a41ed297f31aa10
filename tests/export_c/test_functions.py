"""Pure step functions as C: self-contained text that compiles without a warning."""

import subprocess

import numpy as np
import pytest

from syncml.export_c.functions import print_function
from syncml.ir.constants import Array, Const
from syncml.ir.step.syntax import (
    Apply,
    Assign,
    Binary,
    BinaryOp,
    Bitcast,
    Expr,
    Function,
    Literal,
    Place,
    Slot,
    Storage,
    Unary,
    UnaryOp,
)
from syncml.ir.types import F32, I32, I64, Scalar, TensorType
from tests.export_c.compilers import COMPILERS, STRICT


def _two_to_the(name: str = "exp2.whole") -> Function:
    """2 to the power of an integer by building the exponent's bits."""
    n = Slot("n", I32, Storage.INPUT)
    biased = Slot("int", I32, Storage.LOCAL)
    return Function(
        name,
        (n,),
        (),
        (Assign(Place(biased), Binary(BinaryOp.ADD, Place(n), Literal(Const(127, I32)))),),
        Bitcast(Binary(BinaryOp.SHL, Place(biased), Literal(Const(23, I32))), Scalar.F32),
    )


def _with_table() -> Function:
    k = Slot("k", I64, Storage.INPUT)
    table = Slot("table", TensorType(F32, (3,)), Storage.CONSTANT, Array.of(np.array([0.1, -0.0, np.inf]), F32))
    scaled: Expr = Apply(_two_to_the(), (Literal(Const(-3, I32)),))
    value = Binary(BinaryOp.MUL, Place(table, (Place(k),)), scaled)
    return Function("look_up", (k,), (table,), (), Unary(UnaryOp.SQRT, value))


def test_text_of_a_function() -> None:
    assert print_function(_two_to_the()).splitlines()[4:] == [
        "static inline int32_t add_i32(int32_t a, int32_t b)",
        "{",
        "    const uint32_t bits = (uint32_t)a + (uint32_t)b;",
        "    return (int32_t)bits;",
        "}",
        "",
        "static inline int32_t shl_i32(int32_t a, int32_t count)",
        "{",
        "    const uint32_t bits = (uint32_t)a << (uint32_t)count;",
        "    return (int32_t)bits;",
        "}",
        "",
        "static inline float bits_i32_as_f32(int32_t value)",
        "{",
        "    float bits;",
        "    (void)memcpy(&bits, &value, sizeof(bits));",
        "    return bits;",
        "}",
        "",
        "static inline float exp2_whole(int32_t n)",
        "{",
        "    const int32_t int_ = add_i32(n, 127);",
        "    return bits_i32_as_f32(shl_i32(int_, 23));",
        "}",
    ]


def test_tables_and_callees_come_along() -> None:
    text = print_function(_with_table())
    assert text.index("exp2_whole(int32_t n)") < text.index("look_up(int64_t k)")
    assert "    static const float table[3] = {\n        0x1.99999ap-4F, -0x0.0p+0F, INFINITY\n    };\n" in text
    assert "return sqrtf(table[k] * exp2_whole(-3));" in text
    assert "#include <math.h>" in text


@pytest.mark.parametrize("compiler", COMPILERS)
def test_compiles_without_a_warning(compiler: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    source = tmp_path_factory.mktemp("functions") / "functions.c"
    use = "float use(int64_t k);\nfloat use(int64_t k) { return look_up(k); }\n"
    source.write_text(print_function(_with_table()) + use)
    done = subprocess.run([compiler, *STRICT, "-c", source, "-o", "/dev/null"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
