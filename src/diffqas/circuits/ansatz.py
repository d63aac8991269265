"""A user's own circuit as a candidate: a layer of gates, repeated with its own angles each time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import ClassVar, NamedTuple, TypeVar

from diffqas.circuits.gate import Gate, check_gate
from diffqas.errors import ArgumentError, require, whole
from diffqas.storage import Json, decode_value, encode_value, storable, store_by


@dataclass(frozen=True)
class Ansatz(ABC):
    """Base class of a user's own circuits, which can be used wherever a `Candidate` can.

    The circuit starts in |0..0> with the gates of `start`. Then the gates of `layer` follow `depth`
    times, each time with the angles of that layer. A circuit that takes data also overrides
    `encode`: its gates stand before the layers, or, with several uploads of the data, before every
    group of layers. A subclass must be a frozen dataclass. Its fields are its choices, and equal
    choices must make equal circuits.

    >>> from diffqas.circuits import Gate, Slot
    >>> class Mine(Ansatz):
    ...     def layer(self, n):
    ...         turns = [Gate("ry", (q,), Slot(q)) for q in range(n)]
    ...         return turns + [Gate("cz", (q, q + 1)) for q in range(n - 1)]
    >>> Mine().name, Mine() == Mine(), len(ansatz_gates(Mine(), 3).layer)
    ('Mine', True, 5)
    """

    rotations_per_qubit: ClassVar[int] = 1
    """Angles of one qubit in one layer: one more than the largest `index` of a `Slot`."""

    @property
    def name(self) -> str:
        """The class with its choices; different circuits must have different names."""
        kind = type(self).__name__
        choices = [f"{field.name}={getattr(self, field.name)}" for field in fields(self)]
        return f"{kind}({','.join(choices)})" if choices else kind

    @abstractmethod
    def layer(self, n: int) -> Sequence[Gate]:
        """Gates of one layer on `n` qubits, in the order in which they act."""

    def start(self, n: int) -> Sequence[Gate]:
        """Gates before the first layer, without angles that are learned; none unless overridden."""
        return ()

    def encode(self, n: int) -> Sequence[Gate]:
        """Gates of one upload of the data, whose angles are fixed or an `InputSlot`.

        Unless this method is overridden, there are none, and the circuit takes no data.
        """
        return ()

    @property
    def encodes(self) -> bool:
        """Whether the circuit takes data: whether its class has gates for it."""
        return type(self).encode is not Ansatz.encode


class GateList(NamedTuple):
    """The gates of a circuit on a given number of qubits.

    The gates of the start act once. Then, for every upload of the data, the gates that encode it
    and a group of layers follow.
    """

    start: tuple[Gate, ...]
    layer: tuple[Gate, ...]
    encoding: tuple[Gate, ...] = ()


@lru_cache(maxsize=256)
def ansatz_gates(ansatz: Ansatz, n: int) -> GateList:
    """The gates of an ansatz on `n` qubits, checked.

    Raises:
        ArgumentError: the gates break a rule, or the ansatz does not exist on `n` qubits.
    """
    owner = checked_name(ansatz)
    found = GateList(tuple(ansatz.start(n)), tuple(ansatz.layer(n)), tuple(ansatz.encode(n)))
    for gate in (*found.start, *found.layer, *found.encoding):
        check_gate(gate, n, ansatz.rotations_per_qubit, owner)
    learned = [gate.name for gate in found.start if gate.learned or gate.encodes]
    require(not learned, f"start` of `{owner}", "have fixed angles only", ", ".join(learned))
    # An angle belongs to a layer, an input to an upload: gates of one have none of the other.
    inputs = [gate.name for gate in found.layer if gate.encodes]
    rule = "leave gates with an InputSlot to `encode`"
    require(not inputs, f"layer` of `{owner}", rule, ", ".join(inputs))
    learned = [gate.name for gate in found.encoding if gate.learned]
    rule = "leave gates with a Slot to `layer`"
    require(not learned, f"encode` of `{owner}", rule, ", ".join(learned))
    silent = ansatz.encodes and not any(gate.encodes for gate in found.encoding)
    require(not silent, f"encode` of `{owner}", "have a gate with an InputSlot", "none")
    return found


def checked_name(ansatz: Ansatz) -> str:
    """The name of an ansatz, after a check of name, angles per qubit and fields.

    Raises:
        ArgumentError: the name is not one line of text, the number of angles per qubit is below 1,
            or the fields do not decide the circuit: there are other attributes, or it has no hash.
    """
    kind, name = type(ansatz).__name__, ansatz.name
    proper = isinstance(name, str) and name.isprintable() and 0 < len(name) <= 100
    rule = "be a printable line of at most 100 characters"
    require(proper, f"name` of `{kind}", rule, repr(name))
    r = ansatz.rotations_per_qubit
    require(whole(r), f"rotations_per_qubit` of `{name}", "be at least 1", repr(r))
    # Results are cached by the candidate, so nothing outside of its fields may decide the circuit.
    loose = sorted(vars(ansatz).keys() - {field.name for field in fields(ansatz)})
    rule = "keep its choices in the fields of a frozen dataclass"
    require(not loose, f"candidates` with `{name}", rule, f"the attributes {', '.join(loose)}")
    try:
        hash(ansatz)
    except TypeError as error:
        raise ArgumentError(
            f"Argument `candidates` with `{name}` must be hashable, but got an {error}."
        ) from None
    return name


def fits(ansatz: Ansatz, n: int) -> bool:
    """Whether the ansatz exists on `n` qubits."""
    try:
        ansatz_gates(ansatz, n)
    except ArgumentError:
        return False
    return True


A = TypeVar("A", bound=type[Ansatz])

REGISTERED: dict[str, type[Ansatz]] = {}
"""The classes whose objects may be made from a run folder, by module and name."""


def register_ansatz(cls: A) -> A:
    """Let run folders with circuits of this class be read (a class decorator).

    A program that reads such a folder must have imported the class before. Nothing is imported by
    name, so that a run folder alone never makes a program run code.

    Raises:
        ArgumentError: the class is no subclass of `Ansatz`.
    """
    proper = isinstance(cls, type) and issubclass(cls, Ansatz)
    require(proper, "cls", "be a subclass of Ansatz", repr(cls))
    REGISTERED[import_path(cls)] = cls
    return cls


def import_path(cls: type[Ansatz]) -> str:
    """Module and name of a class."""
    return f"{cls.__module__}.{cls.__qualname__}"


@storable
@dataclass(frozen=True)
class StoredAnsatz(Ansatz):
    """A stored ansatz whose class is not registered: it can be shown, but not computed."""

    path: str = ""
    title: str = ""
    angles: int = 1
    data: bool = False

    @property
    def name(self) -> str:
        """The name that the ansatz had."""
        return self.title

    @property
    def encodes(self) -> bool:
        """Whether the ansatz took data."""
        return self.data

    @property
    def rotations_per_qubit(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Angles per qubit that the ansatz had."""
        return self.angles

    def layer(self, n: int) -> Sequence[Gate]:
        """Raise an error, as the gates are not known.

        Raises:
            ArgumentError: always.
        """
        raise ArgumentError(
            f"The candidate {self.title} is the Python class {self.path}, which a run folder "
            "cannot hold: give `candidates` again, or decorate the class with "
            "diffqas.circuits.register_ansatz and import it first."
        )


def _encoded(ansatz: Ansatz) -> Json:
    """Name and place of its class, and the choices of a registered one (`register_ansatz`)."""
    # Without registration nothing can be made from the class's name: only what is shown is kept.
    path = import_path(type(ansatz))
    if path not in REGISTERED:
        stored = StoredAnsatz(path, ansatz.name, ansatz.rotations_per_qubit, ansatz.encodes)
        return encode_value(stored)
    choices = {field.name: encode_value(getattr(ansatz, field.name)) for field in fields(ansatz)}
    head = {"is": MARK, "class": path, "title": ansatz.name, "data": ansatz.encodes}
    return head | {"angles": ansatz.rotations_per_qubit, "choices": choices}


def _decoded(value: Json) -> Ansatz:
    # A class is known beforehand or not at all: nothing is imported by name.
    cls = REGISTERED.get(value["class"])
    if cls is None:
        data = bool(value.get("data", False))  # older files do not tell
        return StoredAnsatz(str(value["class"]), str(value["title"]), value["angles"], data)
    return cls(**{key: decode_value(part) for key, part in value["choices"].items()})


MARK = "Ansatz"
"""The mark of a user's own circuit in files."""

store_by(Ansatz, MARK, _encoded, _decoded)
