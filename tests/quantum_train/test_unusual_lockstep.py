"""Targets of unusual make in lockstep: every seed gets what it gets alone."""

import pytest
import torch
from unusual_targets import UNUSUAL, unusual

from diffqas.quantum_train import Lockstep

RANDOM = {"dropout"}
"""Seeds that run one after the other draw one after the other."""

pytestmark = [
    pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm` is deprecated"),
    pytest.mark.filterwarnings("ignore:`torch.nn.utils.spectral_norm` is deprecated"),
    pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf"),
]


@pytest.mark.parametrize("name", sorted(UNUSUAL.keys() - RANDOM))
def test_a_seed_in_company_is_the_seed_alone(name):
    kind = unusual(name)
    models = []
    for seed in range(3):
        model = kind.model()
        with torch.no_grad():
            for parameter in model.generator.parameters():
                parameter.add_(0.1 * seed)
        models.append(model)
    together = Lockstep(models)
    for _ in range(2):
        found = together(kind.x)
        alone = torch.stack([model(kind.x) for model in models])
        torch.testing.assert_close(found, alone, rtol=1e-9, atol=1e-11)
    found.square().sum().backward()
    alone.square().sum().backward()
    for label, parameter in together.generator.named_parameters():
        own = torch.stack([model.generator.get_parameter(label).grad for model in models])
        torch.testing.assert_close(parameter.grad, own, rtol=1e-7, atol=1e-9)
    fresh = [kind.model() for _ in models]
    together.write_back(fresh)
    together.eval()
    x = kind.x
    if name not in ("counter", "compiled", "compiled_inside"):
        for model, seed_output in zip(fresh, together(x), strict=True):
            torch.testing.assert_close(model.eval().export()(x), seed_output, rtol=1e-9, atol=1e-11)
