"""The mappings by name."""

from __future__ import annotations

from collections.abc import Callable

from diffqas.errors import choose, require
from diffqas.quantum_train.mapping import LinearMapping, Mapping
from diffqas.quantum_train.mlp_mapping import MLPMapping
from diffqas.quantum_train.tensor_train import TensorTrainMapping

MAPPINGS: dict[str, Callable[[], Mapping]] = {
    "linear": LinearMapping,
    "mlp": MLPMapping,
    "mps": TensorTrainMapping,
}


def as_mapping(mapping: str | Mapping) -> Mapping:
    """Make a mapping from its name; a mapping is returned as it is.

    Raises:
        ArgumentError: an unknown name, or something that is no mapping.

    >>> as_mapping("mlp")
    MLPMapping(hidden=(16,), gain=1.0)
    """
    if isinstance(mapping, str):
        return MAPPINGS[choose(mapping, MAPPINGS, "mapping")]()
    require(isinstance(mapping, Mapping), "mapping", "be a name or a mapping", repr(mapping))
    return mapping
