"""What a circuit is, and what can be known of it without simulating it. Plain data, no torch."""

from diffqas.circuits.candidate import ROTATIONS as ROTATIONS
from diffqas.circuits.candidate import Candidate as Candidate
from diffqas.circuits.drawing import draw as draw
from diffqas.circuits.encoded import EncodedFinding as EncodedFinding
from diffqas.circuits.encoded import encoded_findings as encoded_findings
from diffqas.circuits.entanglers import ENTANGLERS as ENTANGLERS
from diffqas.circuits.entanglers import cnots as cnots
from diffqas.circuits.identities import Finding as Finding
from diffqas.circuits.identities import findings as findings
from diffqas.circuits.identities import form as form
from diffqas.circuits.identities import groups as groups
from diffqas.circuits.interop import to_pennylane as to_pennylane
from diffqas.circuits.interop import to_qiskit as to_qiskit
from diffqas.circuits.qasm import to_qasm as to_qasm
from diffqas.circuits.search_space import QLSTM_SPACE as QLSTM_SPACE
from diffqas.circuits.search_space import TABLE_I as TABLE_I
from diffqas.circuits.search_space import SearchSpace as SearchSpace
from diffqas.circuits.search_space import as_space as as_space
