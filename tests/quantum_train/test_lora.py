"""Adaptation: circuits write the LoRA matrices of a frozen transformer, and nothing else."""

import pytest
import torch

from diffqas import QuantumTrain
from diffqas.errors import ArgumentError
from diffqas.quantum_train import Lockstep

peft = pytest.importorskip("peft", reason="the extra lora")
transformers = pytest.importorskip("transformers", reason="the extra lora")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
TOKENS = torch.arange(24).reshape(4, 6) % 11


def adapted(alpha=4):
    sizes = {
        "vocab_size": 11,
        "hidden_size": 16,
        "intermediate_size": 24,
        "max_position_embeddings": 8,
    }
    layers = {
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_labels": 2,
        "initializer_range": 0.3,
    }
    config = transformers.BertConfig(
        **sizes, **layers, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
    )
    base = transformers.BertForSequenceClassification(config).eval()
    return peft.get_peft_model(
        base, peft.LoraConfig(r=2, lora_alpha=alpha, target_modules=["query", "value"])
    )


def model_of(seed, base=None):
    torch.manual_seed(7)
    network = adapted()
    torch.manual_seed(seed)
    return QuantumTrain(network, depth=2, parameters="*lora_*")


def test_only_the_lora_matrices_are_written_and_the_frozen_ones_stay():
    model = model_of(0)
    names = set(model.generate())
    assert names
    assert all("lora_" in name for name in names)
    assert model.parameter_report().target == 2 * 2 * 2 * (
        16 * 2
    )  # layers, places, matrices, 16 x 2
    frozen = {name: tensor.clone() for name, tensor in model.target.module.state_dict().items()}
    labels = torch.tensor([0, 1, 0, 1])
    optimizer = torch.optim.Adam(model.parameter_groups(lr=0.02))
    losses = []
    for _ in range(25):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(input_ids=TOKENS).logits, labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]
    after = model.target.module.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in frozen.items())


def test_the_merged_export_is_a_plain_transformer():
    model = model_of(1).eval()
    expected = model(input_ids=TOKENS).logits
    merged = model.export().merge_and_unload()
    assert type(merged) is transformers.BertForSequenceClassification
    assert not [name for name, _ in merged.named_parameters() if "lora_" in name]
    torch.testing.assert_close(merged(input_ids=TOKENS).logits, expected, rtol=1e-4, atol=1e-5)
    base = adapted().get_base_model()
    assert sum(p.numel() for p in merged.parameters()) < sum(p.numel() for p in base.parameters())


def test_seeds_adapt_in_lockstep_as_alone():
    models = [model_of(seed) for seed in (0, 1)]
    together = Lockstep(models)
    weights = together.generate()
    for seed, model in enumerate(models):
        for name, tensor in model.generate().items():
            torch.testing.assert_close(weights[name][seed], tensor)


def test_an_adapter_travels_without_the_network_that_it_adapts(tmp_path):
    model = model_of(3)
    model.save_generator(tmp_path / "adapter.safetensors")
    torch.manual_seed(7)
    again = QuantumTrain.from_generator(tmp_path / "adapter.safetensors", target=adapted())
    assert torch.equal(again(input_ids=TOKENS).logits, model(input_ids=TOKENS).logits)
    whole = sum(p.numel() for p in adapted().parameters()) * 4
    assert (tmp_path / "adapter.safetensors").stat().st_size < whole


def test_an_adapter_that_scales_differently_is_another_model(tmp_path):
    file = tmp_path / "adapter.safetensors"
    model = model_of(0)
    model.save_generator(file)

    def target(alpha):
        torch.manual_seed(7)
        return adapted(alpha)

    again = QuantumTrain.from_generator(file, target=target(4)).eval()
    torch.testing.assert_close(again(TOKENS).logits, model.eval()(TOKENS).logits)
    with pytest.raises(ArgumentError, match=r"scale `.*default` by 2 .*`lora_alpha`.*got 4"):
        QuantumTrain.from_generator(file, target=target(8))
    assert QuantumTrain.from_generator(file, target=target(8), strict=False)
