"""The loops that train, and what they leave on disk."""

from diffqas.training.federated import FederatedTraining as FederatedTraining
from diffqas.training.models import make_models as make_models
from diffqas.training.models import seeded as seeded
from diffqas.training.population import DirectLockstep as DirectLockstep
from diffqas.training.population import Population as Population
from diffqas.training.shards import Federated as Federated
from diffqas.training.supervised import EpochRecord as EpochRecord
from diffqas.training.supervised import Training as Training
