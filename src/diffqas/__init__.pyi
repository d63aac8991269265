from .circuits import QLSTM_SPACE as QLSTM_SPACE
from .circuits import TABLE_I as TABLE_I
from .circuits import Ansatz as Ansatz
from .circuits import Candidate as Candidate
from .circuits import Diagonal as Diagonal
from .circuits import Gate as Gate
from .circuits import Hermitian as Hermitian
from .circuits import InputSlot as InputSlot
from .circuits import PauliStrings as PauliStrings
from .circuits import QasmAnsatz as QasmAnsatz
from .circuits import SearchSpace as SearchSpace
from .circuits import Slot as Slot
from .circuits import Z as Z
from .circuits import read_qasm as read_qasm
from .circuits import register_ansatz as register_ansatz
from .layers import QLSTM as QLSTM
from .layers import QuantumLayer as QuantumLayer
from .quantum_train import QuantumTrain as QuantumTrain
from .runs import load_network as load_network
from .searches import Run as Run
from .searches import load as load
from .searches import resume as resume
from .searches import search as search
from .simulator import expectations as expectations
from .simulator import heisenberg as heisenberg
from .simulator import probabilities as probabilities

__version__: str
