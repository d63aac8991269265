"""Eight neighbouring amplitudes as one value inside compiled code.

Numba leaves the choice of vector instructions to LLVM, which misses them where it matters: in short
inner loops and in gathers. These few operations spell them out; LLVM maps them to whatever the
machine has.
"""

from __future__ import annotations

from operator import add, mul, sub
from typing import Any, TypeAlias

from llvmlite import ir
from numba.core import extending, types
from numba.core.extending import lower_builtin, models, register_model
from numba.core.typing.templates import AbstractTemplate, infer_global

Array: TypeAlias = Any
"""An argument of a compiled function: an array, a vector of lanes, or a tuple of arrays.

Numba specialises each function for the types that it is called with; no annotation is read.
"""

Numba: TypeAlias = Any
"""An object of numba's or LLVM's, neither of which has types that a checker knows."""

intrinsic: Any = extending.intrinsic
"""Its result lacks the first parameter of what it decorates, which a type checker can't know."""

LANES = 8


class Lanes(types.Type):
    """Numba's type of eight numbers of one dtype."""

    def __init__(self, dtype: types.Float) -> None:
        self.dtype = dtype
        super().__init__(name=f"Lanes({dtype})")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, dmm: Numba, fe_type: Lanes) -> None:
        super().__init__(
            dmm, fe_type, ir.VectorType(dmm.lookup(fe_type.dtype).get_value_type(), LANES)
        )


def _address(
    context: Numba, builder: Numba, signature: Numba, args: Numba, kind: Numba = None
) -> Numba:
    """Pointer to array[index], with no check and no wrapping of negative indices."""
    array = context.make_array(signature.args[0])(context, builder, args[0])
    pointer = builder.gep(array.data, [args[1]])
    return pointer if kind is None else builder.bitcast(pointer, ir.PointerType(kind))


@intrinsic
def load(typing: Numba, array: Numba, index: Numba) -> Numba:
    """array[index : index + 8] of a contiguous array."""

    def generate(context: Numba, builder: Numba, signature: Numba, args: Numba) -> Numba:
        kind = context.get_value_type(signature.return_type)
        return builder.load(
            _address(context, builder, signature, args, kind), align=array.dtype.bitwidth // 8
        )

    return Lanes(array.dtype)(array, types.intp), generate


@intrinsic
def store(typing: Numba, array: Numba, index: Numba, value: Numba) -> Numba:
    """array[index : index + 8] = value."""

    def generate(context: Numba, builder: Numba, signature: Numba, args: Numba) -> Numba:
        pointer = _address(context, builder, signature, args, args[2].type)
        builder.store(args[2], pointer, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, value), generate


def _splat(builder: Numba, scalar: Numba) -> Numba:
    zero = ir.Constant(ir.VectorType(ir.IntType(32), LANES), None)
    empty = ir.Constant(ir.VectorType(scalar.type, LANES), ir.Undefined)
    single = builder.insert_element(empty, scalar, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(single, empty, zero)


@intrinsic
def splat(typing: Numba, array: Numba, index: Numba) -> Numba:
    """Eight times array[index]."""

    def generate(context: Numba, builder: Numba, signature: Numba, args: Numba) -> Numba:
        return _splat(builder, builder.load(_address(context, builder, signature, args)))

    return Lanes(array.dtype)(array, types.intp), generate


@intrinsic
def zeros(typing: Numba, array: Numba) -> Numba:
    """Eight zeros of the array's dtype."""

    def generate(context: Numba, builder: Numba, signature: Numba, args: Numba) -> Numba:
        return ir.Constant(context.get_value_type(signature.return_type), None)

    return Lanes(array.dtype)(array), generate


@intrinsic
def extract(typing: Numba, value: Numba, lane: Numba) -> Numba:
    """The number in one lane."""

    def generate(context: Numba, builder: Numba, signature: Numba, args: Numba) -> Numba:
        return builder.extract_element(args[0], args[1])

    return value.dtype(value, types.intp), generate


@intrinsic
def swap(typing: Numba, value: Numba, distance: Numba) -> Numba:
    """The vector with lanes j and j ^ distance exchanged; the distance is a literal."""
    if not isinstance(distance, types.IntegerLiteral):
        return None
    order = [lane ^ distance.literal_value for lane in range(LANES)]

    def generate(context: Numba, builder: Numba, signature: Numba, args: Numba) -> Numba:
        mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), order)
        return builder.shuffle_vector(args[0], args[0], mask)

    return value(value, distance), generate


def _elementwise(operation: Numba, instruction: str) -> None:
    """Let a Python operator on vectors be one instruction.

    `contract` lets a product and a sum share one rounding.
    """

    @infer_global(operation)  # pyright: ignore[reportOptionalCall]
    class _Elementwise(AbstractTemplate):
        def generic(self, args: Numba, kws: Numba) -> Numba:
            return args[0](*args) if isinstance(args[0], Lanes) and args[0] == args[1] else None

    @lower_builtin(operation, Lanes, Lanes)
    def lower(context: Numba, builder: Numba, signature: Numba, args: Numba) -> Numba:
        return getattr(builder, instruction)(*args, flags=("contract",))


for _operation, _instruction in ((add, "fadd"), (sub, "fsub"), (mul, "fmul")):
    _elementwise(_operation, _instruction)
