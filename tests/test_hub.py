"""Folders of the Hub's form, and an upload to a Hub that is only pretended."""

import pytest
import torch
from torch import nn

from diffqas import QuantumTrain, hub
from diffqas.errors import ArgumentError, DataError


def network():
    return nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 3))


@pytest.fixture
def model():
    torch.manual_seed(0)
    made = QuantumTrain(network(), depth=2)
    made(torch.randn(9, 4))  # batch norm's statistics have moved
    return made.eval()


@pytest.fixture
def library():
    return pytest.importorskip("huggingface_hub", reason="the extra hub")


def test_a_folder_gives_the_same_model_around_a_fresh_target(model, library, tmp_path):
    folder = hub.save_pretrained(model, tmp_path / "mine")
    assert {"generator.safetensors", "README.md"} <= {path.name for path in folder.iterdir()}
    again, x = hub.from_pretrained(folder, target=network()), torch.randn(6, 4)
    assert not again.training
    assert torch.equal(again(x), model(x))


def test_the_card_says_what_was_trained(model, library, tmp_path):
    text = (hub.save_pretrained(model, tmp_path / "mine") / "README.md").read_text()
    assert str(model.parameter_report()) in text
    assert model.ranking()[0].candidate.name in text
    assert text.startswith("---\nlibrary_name: diffqas\n")
    (tmp_path / "mine" / "README.md").write_text("my own words")
    hub.save_pretrained(model, tmp_path / "mine")
    assert (tmp_path / "mine" / "README.md").read_text() == "my own words"


def test_an_upload_holds_the_same_files(model, library, tmp_path, monkeypatch):
    from pathlib import Path
    from shutil import copytree
    from types import SimpleNamespace

    class Api:
        def __init__(self, token=None):
            pass

        def create_repo(self, repo_id, private, exist_ok):
            return SimpleNamespace(repo_id=repo_id)

        def upload_folder(self, repo_id, folder_path, **options):
            copytree(folder_path, tmp_path / repo_id)
            return "https://hub/commit"

    monkeypatch.setattr("huggingface_hub.hub_mixin.HfApi", Api)
    assert hub.push_to_hub(model, "me/mine") == "https://hub/commit"
    monkeypatch.setattr(
        "huggingface_hub.hf_hub_download",
        lambda name, file, **options: str(Path(tmp_path / name) / file),
    )
    monkeypatch.setattr(
        "huggingface_hub.hub_mixin.hf_hub_download", lambda **options: str(tmp_path / "no config")
    )
    (tmp_path / "no config").write_text("{}")
    hub._adapter.cache_clear()
    x = torch.randn(6, 4)
    assert torch.equal(hub.from_pretrained("me/mine", target=network())(x), model(x))
    hub._adapter.cache_clear()


def test_what_goes_wrong_is_one_line_and_leaves_nothing(model, library, tmp_path, monkeypatch):
    with pytest.raises(ArgumentError, match=r"`0\.weight` of shape"):
        hub.from_pretrained(
            hub.save_pretrained(model, tmp_path / "mine"), target=nn.Sequential(nn.Linear(5, 5))
        )
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="Cannot write"):
        hub.save_pretrained(model, tmp_path / "file" / "below")
    with pytest.raises(ArgumentError, match="cannot store"):
        hub.save_pretrained(QuantumTrain(network(), scale=lambda p, n: p), tmp_path / "never")
    assert not (tmp_path / "never").exists()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(DataError, match="There is no folder me/nothing") as caught:
        hub.from_pretrained(
            "me/nothing", target=network(), local_files_only=True, cache_dir=tmp_path / "cache"
        )
    assert "\n" not in str(caught.value)


def test_without_the_library_models_work_and_the_remedy_is_named(model, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    hub._adapter.cache_clear()
    with pytest.raises(DataError, match=r"pip install 'diffqas\[hub\]'"):
        hub.save_pretrained(model, tmp_path / "mine")
    assert not (tmp_path / "mine").exists()
    model.save_generator(tmp_path / hub.GENERATOR, include_target=True)
    assert hub.from_pretrained(tmp_path, target=network()) is not None
