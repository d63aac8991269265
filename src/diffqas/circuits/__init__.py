"""What a circuit is, and what can be known of it without simulating it. Plain data, no torch."""

from diffqas.circuits.ansatz import Ansatz as Ansatz
from diffqas.circuits.ansatz import register_ansatz as register_ansatz
from diffqas.circuits.candidate import ROTATIONS as ROTATIONS
from diffqas.circuits.candidate import Candidate as Candidate
from diffqas.circuits.drawing import draw as draw
from diffqas.circuits.encoded import EncodedFinding as EncodedFinding
from diffqas.circuits.encoded import encoded_findings as encoded_findings
from diffqas.circuits.entanglers import ENTANGLERS as ENTANGLERS
from diffqas.circuits.entanglers import cnots as cnots
from diffqas.circuits.gate import GATES as GATES
from diffqas.circuits.gate import Gate as Gate
from diffqas.circuits.gate import Slot as Slot
from diffqas.circuits.identities import Finding as Finding
from diffqas.circuits.identities import findings as findings
from diffqas.circuits.identities import form as form
from diffqas.circuits.identities import groups as groups
from diffqas.circuits.interop import to_pennylane as to_pennylane
from diffqas.circuits.interop import to_qiskit as to_qiskit
from diffqas.circuits.qasm import to_qasm as to_qasm
from diffqas.circuits.qasm_ansatz import QasmAnsatz as QasmAnsatz
from diffqas.circuits.qasm_ansatz import read_qasm as read_qasm
from diffqas.circuits.search_space import QLSTM_SPACE as QLSTM_SPACE
from diffqas.circuits.search_space import TABLE_I as TABLE_I
from diffqas.circuits.search_space import AnyCandidate as AnyCandidate
from diffqas.circuits.search_space import SearchSpace as SearchSpace
from diffqas.circuits.search_space import as_space as as_space
