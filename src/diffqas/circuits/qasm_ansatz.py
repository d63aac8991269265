"""A circuit in OpenQASM 3 as a candidate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from diffqas.circuits.ansatz import Ansatz
from diffqas.circuits.gate import Gate
from diffqas.circuits.qasm_reader import MOST_BYTES, Circuit, read_circuit
from diffqas.errors import ArgumentError, DataError
from diffqas.storage import read_file, short, storable


@storable
@dataclass(frozen=True)
class QasmAnsatz(Ansatz):
    """One layer as OpenQASM 3 with named parameters, repeated `depth` times (extra `qasm`).

    Each `input` is an angle of its own in every layer. With P parameters on n qubits a layer has r
    = ceil(P / n) angles per qubit; parameter i, in the order of declaration, is angle i % r of
    qubit i // r: row by row through (n, r). `q[0]` is qubit 0, the most significant bit of a basis
    state.

    Args:
        text: the circuit.
        name: of the candidate.

    Raises:
        DataError: something that is not understood, with the line; or the parser is not installed.

    >>> one = QasmAnsatz("input float a; qubit[2] q; h q[0]; crx(2*a) q[0], q[1];", "mine")
    >>> one.n, one.parameters, one.rotations_per_qubit, one.layer(2)[1].angle
    (2, ('a',), 1, Slot(qubit=0, index=0, factor=2.0, offset=0.0))
    """

    text: str
    # A field in the place of the base's property: what a text is called is a choice.
    name: str = "qasm"  # pyright: ignore

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise ArgumentError(f"Argument `text` must be OpenQASM 3 text, but got {self.text!r}.")
        _ = self._circuit  # tells what is not understood

    @property
    def _circuit(self) -> Circuit:
        return read_circuit(self.text, f"The circuit {self.name}")

    @property
    def n(self) -> int:
        """Qubits."""
        return self._circuit.n

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the angles of a layer."""
        return self._circuit.parameters

    @property
    def rotations_per_qubit(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Angles of one qubit that hold all parameters."""
        return self._circuit.rotations_per_qubit

    def layer(self, n: int) -> Sequence[Gate]:
        """All gates of the text.

        Raises:
            ArgumentError: `n` is not the circuit's number of qubits.
        """
        if n != self.n:
            raise ArgumentError(
                f"The candidate {self.name} has {self.n} qubits, needs {n}: "
                f"write it for {n} qubits."
            )
        return self._circuit.gates


def read_qasm(path: str | Path, name: str | None = None) -> QasmAnsatz:
    """A candidate from a file, called as the file is unless `name` says otherwise.

    Raises:
        DataError: the file cannot be read, or holds something that is not understood; with file and
            line.
    """
    path = Path(path)
    try:
        content = read_file(path, MOST_BYTES, named=True)
    except (OSError, ValueError) as error:
        raise DataError(f"Cannot read {path}: {short(error)}.") from None
    try:
        text = content.decode("utf-8-sig")  # with a byte order mark or without
    except UnicodeDecodeError:
        raise DataError(f"Cannot read {path}: it is not UTF-8 text.") from None
    read_circuit(text, str(path))  # whose errors name the file
    return QasmAnsatz(text, path.stem if name is None else name)
