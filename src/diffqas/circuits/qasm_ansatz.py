"""A circuit in OpenQASM 3 as a candidate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from diffqas.circuits.ansatz import Ansatz
from diffqas.circuits.gate import Gate
from diffqas.circuits.qasm_reader import MOST_BYTES, Circuit, read_circuit
from diffqas.errors import ArgumentError, DataError, path_of, require
from diffqas.storage import Json, read_file, short, storable


@storable
@dataclass(frozen=True)
class QasmAnsatz(Ansatz):
    """One layer as OpenQASM 3 with named parameters, repeated `depth` times (extra `qasm`).

    Each `input` is a learned angle, which has its own value in every layer. With P such parameters
    on n qubits a layer has r = ceil(P / n) angles per qubit. In the order of declaration, parameter
    i is angle i % r of qubit i // r, that is, they fill (n, r) row by row. `q[0]` is qubit 0, the
    most significant bit of a basis state.

    Inputs called x0, x1, ... are data: they are the encoding angles 0, 1, ... of an upload, and no
    angles of a layer. The gates up to the last one with such an input make an upload, and the gates
    after it make the layer (`diffqas.circuits.qasm_inputs.parted` has the exact rule).

    Args:
        text: the circuit.
        name: the name of the candidate.
        inputs: names of the inputs that are data, in their order, if they have other names than x0,
            x1, ...; `()` means that none is data, whatever the names.

    Raises:
        ArgumentError: an argument has another type.
        DataError: the text holds something that is not understood, and the message names the line;
            an input is not declared or stands behind a learned angle; there are more inputs than
            qubits; or the parser is not installed.

    >>> one = QasmAnsatz("input float a; qubit[2] q; h q[0]; crx(2*a) q[0], q[1];", "mine")
    >>> one.n, one.parameters, one.rotations_per_qubit, one.layer(2)[1].angle
    (2, ('a',), 1, Slot(qubit=0, index=0, factor=2.0, offset=0.0))
    >>> QasmAnsatz("input float x0; input float a; qubit q; rx(x0) q; ry(a) q;").encode(1)[0].angle
    InputSlot(index=0, factor=1.0, offset=0.0)
    """

    text: str
    # A field in the place of the base's property: what a text is called is a choice.
    name: str = "qasm"  # pyright: ignore
    inputs: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise ArgumentError(f"Argument `text` must be OpenQASM 3 text, but got {self.text!r}.")
        if self.inputs is not None:
            object.__setattr__(self, "inputs", _names(self.inputs))
        _ = self._circuit  # tells what is not understood

    @property
    def _circuit(self) -> Circuit:
        return read_circuit(self.text, f"The circuit {self.name}", self.inputs)

    @staticmethod
    def upgraded(parts: Json) -> Json:
        """Fields of a file from a version without inputs, where every parameter was an angle."""
        return {"inputs": ()} | parts

    @property
    def encodes(self) -> bool:
        """Whether some of the inputs are data."""
        return len(self._circuit.inputs) > 0

    @property
    def n(self) -> int:
        """The number of qubits of the text."""
        return self._circuit.n

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the learned angles of a layer."""
        return self._circuit.parameters

    @property
    def rotations_per_qubit(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Angles of one qubit in one layer, enough to hold all parameters."""
        return self._circuit.rotations_per_qubit

    def layer(self, n: int) -> Sequence[Gate]:
        """The gates of the text that do not encode data.

        Raises:
            ArgumentError: `n` is not the circuit's number of qubits.
        """
        self._check_qubits(n)
        return self._circuit.parts.layer

    def encode(self, n: int) -> Sequence[Gate]:
        """The gates of one upload of the data.

        Raises:
            ArgumentError: `n` is not the circuit's number of qubits.
        """
        self._check_qubits(n)
        return self._circuit.parts.encoding

    def _check_qubits(self, n: int) -> None:
        if n != self.n:
            raise ArgumentError(
                f"The candidate {self.name} has {self.n} qubits, needs {n}: "
                f"write it for {n} qubits."
            )


def _names(inputs: Iterable[str]) -> tuple[str, ...]:
    rule = "be a tuple of different names"
    listed = isinstance(inputs, Iterable) and not isinstance(inputs, str)
    require(listed, "inputs", rule, repr(inputs))
    names = tuple(inputs)
    proper = all(isinstance(name, str) for name in names) and len(set(names)) == len(names)
    require(proper, "inputs", rule, repr(names))
    return names


def read_qasm(
    path: str | Path, name: str | None = None, inputs: tuple[str, ...] | None = None
) -> QasmAnsatz:
    """Read a candidate from a file of OpenQASM 3.

    Args:
        path: the file.
        name: the name of the candidate; None: the name of the file without its suffix.
        inputs: as in `QasmAnsatz`.

    Raises:
        ArgumentError: `path` is no path.
        DataError: the file cannot be read or holds something that is not understood; the message
            names file and line.
    """
    path = path_of(path, "path")
    try:
        content = read_file(path, MOST_BYTES, named=True)
    except (OSError, ValueError) as error:
        raise DataError(f"Cannot read {path}: {short(error)}.") from None
    try:
        text = content.decode("utf-8-sig")  # with a byte order mark or without
    except UnicodeDecodeError:
        raise DataError(f"Cannot read {path}: it is not UTF-8 text.") from None
    if inputs is not None:
        inputs = _names(inputs)
    read_circuit(text, str(path), inputs)  # whose errors name the file
    return QasmAnsatz(text, path.stem if name is None else name, inputs)
