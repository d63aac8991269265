"""Work shared by threads inside compiled code: counters that every thread sees at once.

A call has counters of its own, zeros at first. Units of work are numbered; a thread takes the next
number by one atomic step, computes the unit, and then adds one to the count of units done. Who
computes a unit changes nothing in it, so neither does a thread that comes late, or never.

Two rules make this sound. What a unit writes is written before the thread counts it as done, and
`add` orders memory that way; who reads the count by `seen` then also sees what was written. And a
thread touches memory of the call only after it has taken a unit: one that arrives when all of them
are taken reads the counters, which it keeps alive itself, and leaves.
"""

from __future__ import annotations

import platform
import sys

from llvmlite import ir
from numba.core import types

from diffqas.simulator.compiled.layers import inner
from diffqas.simulator.compiled.vectors import Array, Numba, _address, intrinsic

LINE = 8
"""Counters in a line of the cache. What is counted apart lies in lines apart."""

TAKEN, DONE, COMPLETE = range(3)
"""Places in a line: units that are taken, units that are done, and 1 when all of them are."""

LOOKS = 128
"""Looks at a counter, each with a short pause of the core, before others may have the core."""

TURNS = 1024
"""Times that a waiting thread then lets others have the core, before it sleeps between looks."""

NAP = 50
"""Microseconds of such a sleep."""

_IS_X86 = platform.machine() in ("x86_64", "AMD64")
_IS_UNIX = sys.platform.startswith(("linux", "darwin"))


@intrinsic
def add(typing: Numba, counters: Numba, index: Numba, value: Numba) -> Numba:
    """Add to counters[index] as one step for all threads; gives what was there before."""

    def generate(context: Numba, builder: Numba, signature: Numba, args: Numba) -> Numba:
        where = _address(context, builder, signature, args)
        return builder.atomic_rmw("add", where, args[2], "seq_cst")

    return types.int64(counters, types.intp, types.int64), generate


@intrinsic
def seen(typing: Numba, counters: Numba, index: Numba) -> Numba:
    """counters[index] as it is now, and with it all that was written before it was."""

    def generate(context: Numba, builder: Numba, signature: Numba, args: Numba) -> Numba:
        where = _address(context, builder, signature, args)
        return builder.load_atomic(where, "acquire", 8)

    return types.int64(counters, types.intp), generate


@intrinsic
def _step_from(typing: Numba, counters: Numba, index: Numba, value: Numba) -> Numba:
    """Add 1 to counters[index] if it still is `value`; whether this thread did it."""

    def generate(context: Numba, builder: Numba, signature: Numba, args: Numba) -> Numba:
        where = _address(context, builder, signature, args)
        more = builder.add(args[2], ir.Constant(args[2].type, 1))
        found = builder.cmpxchg(where, args[2], more, "seq_cst", "seq_cst")
        return builder.extract_value(found, 1)

    return types.boolean(counters, types.intp, types.int64), generate


def _call(builder: Numba, name: str, result: Numba, *numbers: int) -> None:
    """Call a function that the machine or the system offers, with 32-bit numbers."""
    word = ir.IntType(32)
    function = builder.module.globals.get(name)
    if function is None:
        kind = ir.FunctionType(result, [word] * len(numbers))
        function = ir.Function(builder.module, kind, name)
    builder.call(function, [ir.Constant(word, number) for number in numbers])


@intrinsic
def _pause(typing: Numba) -> Numba:
    """A hint to the core that this thread only waits."""

    def generate(context: Numba, builder: Numba, signature: Numba, args: Numba) -> Numba:
        if _IS_X86:
            _call(builder, "llvm.x86.sse2.pause", ir.VoidType())
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def _give_way(typing: Numba) -> Numba:
    """Let another thread have the core, where the system knows how."""

    def generate(context: Numba, builder: Numba, signature: Numba, args: Numba) -> Numba:
        if _IS_UNIX:
            _call(builder, "sched_yield", ir.IntType(32))
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def _sleep(typing: Numba) -> Numba:
    """Leave the core alone for a moment, where the system knows how."""

    def generate(context: Numba, builder: Numba, signature: Numba, args: Numba) -> Numba:
        if _IS_UNIX:
            _call(builder, "usleep", ir.IntType(32), NAP)
        return context.get_dummy_value()

    return types.void(), generate


@inner
def rest(looks: int) -> int:
    """Wait a moment after so many looks in vain; one look more.

    The first moments cost the least time until the next look. The later ones leave the core to
    whom it may be that this thread waits for: the system may have taken that one off its core.
    """
    if looks < LOOKS:
        _pause()
    elif looks < LOOKS + TURNS:
        _give_way()
    else:
        _sleep()
    return looks + 1


@inner
def wait_for(counters: Array, index: int, least: int) -> None:
    """Return when counters[index] has reached `least`."""
    looks = 0
    while seen(counters, index) < least:
        looks = rest(looks)


@inner
def arrive(rank: int, calls: Array) -> int:
    """To be called first in work that is shared; what it gives is for `leave`."""
    if rank == 0:
        add(calls, 0, 1)
    return seen(calls, 0)


@inner
def leave(rank: int, calls: Array, arrived: int) -> None:
    """To be called last: helpers look out for the next call for less than a millisecond.

    One that sleeps may wake milliseconds late, and so may one that waits for Python's lock: the
    first thread counts its call when it no longer holds it.
    """
    looks = 0
    while rank > 0 and looks < LOOKS + TURNS and seen(calls, 0) == arrived:
        looks = rest(looks)


# Work in phases: a chain is a number of phases, each of the same number of units. A phase begins
# when the one before it is done. A thread takes a unit only when it may begin, so that nobody holds
# a unit that waits: were such a thread taken off its core, all others would wait for it.

NONE = -1


@inner
def take(counters: Array, chain: int, units: int, phases: int) -> int:
    """The number of a unit of a chain that is now this thread's; NONE if none may begin now."""
    taken = seen(counters, LINE * chain + TAKEN)
    if taken >= units * phases:
        return NONE
    before = taken // units * units
    if seen(counters, LINE * chain + DONE) < before:
        return NONE
    # Had another thread taken it meanwhile, the next one might belong to a phase that must wait.
    return taken if _step_from(counters, LINE * chain + TAKEN, taken) else NONE


@inner
def finish(counters: Array, chain: int, units: int, phases: int) -> None:
    """Count a unit of a chain as done."""
    if add(counters, LINE * chain + DONE, 1) + 1 == units * phases:
        add(counters, LINE * chain + COMPLETE, 1)


@inner
def after_complete(counters: Array, first: int, chains: int) -> int:
    """The first chain from `first` on that is not complete, or the number of chains."""
    while first < chains and seen(counters, LINE * first + COMPLETE) > 0:
        first += 1
    return first
