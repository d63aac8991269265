"""Structural weights: the relaxed choice between candidates, and what it says once it has been
learned.
"""

from diffqas.architecture.audit import MAX_AUDIT_QUBITS as MAX_AUDIT_QUBITS
from diffqas.architecture.audit import Audit as Audit
from diffqas.architecture.audit import audits as audits
from diffqas.architecture.expressibility import haar_floor as haar_floor
from diffqas.architecture.expressibility import log_haar_masses as log_haar_masses
from diffqas.architecture.kept import Kept as Kept
from diffqas.architecture.kept import stays as stays
from diffqas.architecture.mixture import SHARINGS as SHARINGS
from diffqas.architecture.mixture import CircuitMixture as CircuitMixture
from diffqas.architecture.per_layer import Layers as Layers
from diffqas.architecture.per_layer import PerLayerCircuit as PerLayerCircuit
from diffqas.architecture.per_layer import as_layer as as_layer
from diffqas.architecture.ranking import Ranked as Ranked
from diffqas.architecture.ranking import rank as rank
from diffqas.architecture.ranking import rank_each as rank_each
from diffqas.architecture.ranking import ranked as ranked
from diffqas.architecture.relaxation import RELAXATIONS as RELAXATIONS
from diffqas.architecture.relaxation import Gumbel as Gumbel
from diffqas.architecture.relaxation import Raw as Raw
from diffqas.architecture.relaxation import Relaxation as Relaxation
from diffqas.architecture.relaxation import Softmax as Softmax
from diffqas.architecture.relaxation import as_relaxation as as_relaxation
from diffqas.architecture.relaxation import generators as generators
from diffqas.architecture.relaxation import noise_like as noise_like
from diffqas.architecture.shots import SHOT_GRADIENTS as SHOT_GRADIENTS
from diffqas.architecture.shots import Shots as Shots
from diffqas.architecture.shots import frequencies as frequencies
from diffqas.architecture.shots import live as live
from diffqas.architecture.shots import shot_generators as shot_generators
