"""Quantum-Train: probabilities -> the weights of any `nn.Module`. Knows no task."""

from diffqas.quantum_train.controls import HashedWeights as HashedWeights
from diffqas.quantum_train.controls import RandomSubspace as RandomSubspace
from diffqas.quantum_train.generator_file import generator_content as generator_content
from diffqas.quantum_train.layout import Layout as Layout
from diffqas.quantum_train.layout import find_layout as find_layout
from diffqas.quantum_train.lockstep import Lockstep as Lockstep
from diffqas.quantum_train.mapping import BITS as BITS
from diffqas.quantum_train.mapping import LinearMapping as LinearMapping
from diffqas.quantum_train.mapping import Mapping as Mapping
from diffqas.quantum_train.mappings import MAPPINGS as MAPPINGS
from diffqas.quantum_train.mappings import as_mapping as as_mapping
from diffqas.quantum_train.mlp_mapping import MLPMapping as MLPMapping
from diffqas.quantum_train.model import QuantumTrain as QuantumTrain
from diffqas.quantum_train.parameter_report import ParameterReport as ParameterReport
from diffqas.quantum_train.picked import stacked as stacked
from diffqas.quantum_train.recipe import RECIPES as RECIPES
from diffqas.quantum_train.recipe import STARTS as STARTS
from diffqas.quantum_train.recipe import Rates as Rates
from diffqas.quantum_train.recipe import Recipe as Recipe
from diffqas.quantum_train.recipe import as_recipe as as_recipe
from diffqas.quantum_train.scale import SCALES as SCALES
from diffqas.quantum_train.scale import DimensionScale as DimensionScale
from diffqas.quantum_train.scale import RawScale as RawScale
from diffqas.quantum_train.scale import TanhScale as TanhScale
from diffqas.quantum_train.scale import as_scale as as_scale
from diffqas.quantum_train.tensor_train import TensorTrainMapping as TensorTrainMapping
