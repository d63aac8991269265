"""Generators on the Hugging Face Hub, or in a folder of the same form: a file and a card.

This module needs `pip install 'diffqas[hub]'`. The file holds the generator that writes the
weights. The target network's structure is not stored: whoever loads the file gives such a network.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from torch import nn

from diffqas.errors import DataError, path_of
from diffqas.quantum_train import CIRCUITS, QuantumTrain, generator_content

GENERATOR, CARD = "generator.safetensors", "README.md"
MISSING = "The Hub needs huggingface_hub: install it with `pip install 'diffqas[hub]'`."


def save_pretrained(model: QuantumTrain, folder: str | Path, include_target: bool = True) -> Path:
    """Write a folder that `from_pretrained` reads: generator.safetensors and a model card.

    The card, README.md, explains the file.

    Args:
        model: the model to save.
        folder: the folder. It is made if it does not exist; a README.md in it stays as it is.
        include_target: as in `QuantumTrain.save_generator`, but by default the target's buffers and
            frozen parameters are saved as well, so that a fresh target of the same structure is
            enough to load the model.

    Returns:
        The path of the folder.

    Raises:
        ArgumentError: the model has choices that a file cannot hold.
        DataError: huggingface_hub is missing, or the folder cannot be written.
    """
    place = path_of(folder, "folder")
    generator_content(model, include_target)  # told before a folder is made
    try:
        _adapter()(model, include_target).save_pretrained(place)
    except OSError as error:
        raise DataError(f"Cannot write {place}: {error.strerror or error}.") from None
    return place


def push_to_hub(model: QuantumTrain, name: str, include_target: bool = True, **options: Any) -> str:
    """Upload the files that `save_pretrained` writes.

    Args:
        model: the model to upload.
        name: the repository on the Hub, user/name. It is made if it does not exist.
        include_target: as in `save_pretrained`.
        options: arguments of `huggingface_hub.ModelHubMixin.push_to_hub`, such as `private`,
            `token`, `branch` and `commit_message`.

    Returns:
        The address of the commit.

    Raises:
        ArgumentError: the model has choices that a file cannot hold.
        DataError: huggingface_hub is missing, or the upload failed.
    """
    generator_content(model, include_target)
    adapter = _adapter()(model, include_target)
    try:
        return str(adapter.push_to_hub(name, **options))
    except (OSError, ValueError) as error:
        raise DataError(f"Cannot upload {name}: {_first_line(error)}.") from None


def from_pretrained(
    name: str | Path, target: nn.Module, strict: bool = True, **options: Any
) -> QuantumTrain:
    """Load a model from a folder or from the Hub, in evaluation mode.

    Args:
        name: the folder, or user/name on the Hub.
        target: a module of the network's structure; its weights do not matter.
        strict: as in `QuantumTrain.from_generator`.
        options: arguments of `huggingface_hub.ModelHubMixin.from_pretrained`, such as `revision`,
            `token` and `cache_dir`. They are not used for a folder.

    Raises:
        ArgumentError: the target has another structure.
        DataError: huggingface_hub is missing, nothing is there, or the file is damaged.
    """
    if Path(name).is_dir():
        return QuantumTrain.from_generator(Path(name) / GENERATOR, target, strict).eval()
    try:
        loaded = _adapter().from_pretrained(name, target=target, strict=strict, **options)
        return loaded.model.eval()
    except DataError:
        raise
    except (OSError, ValueError) as error:
        raise DataError(
            f"There is no folder {name}, and the Hub does not give it: {_first_line(error)}."
        ) from None


def _ranking(model: QuantumTrain) -> str:
    """The leading candidates as a table; empty without circuits."""
    if model.generator.kind != CIRCUITS:
        return ""
    rows = [
        f"| {place} | {entry.candidate.name} | {entry.weight:.4g} | {entry.contribution:.3g} |"
        for place, entry in enumerate(model.ranking()[:3], 1)
    ]
    head = ["", "| | candidate | weight | contribution |", "|---|---|---|---|"]
    return "\n".join([*head, *rows, ""])


def card(model: QuantumTrain) -> str:
    """The model card's text: what was trained, what it writes, its circuits, and how to load it."""
    what = "by quantum circuits"
    computed = "Circuits are simulated once, when the\nmodel is loaded"
    if model.generator.kind != CIRCUITS:
        what = f"by {model.parameter_report().written_by}"
        computed = "The weights are computed once, when the\nmodel is loaded"
    return f"""\
# A network whose weights are written {what}

{model.parameter_report()}.

The file holds the trained numbers and the choices that regenerate the weights. \
{computed}; the network itself is an ordinary one.

```python
from diffqas.hub import from_pretrained

# a module of the structure below
model = from_pretrained("<this repository or folder>", target=network)
network = model.export()  # plain PyTorch, no quantum part
```
{_ranking(model)}
Structure of the network:

```
{model.target}
```
"""


@cache
def _adapter() -> Any:
    """The library's own mixin, taught what to write and read.

    It is a class of its own, so that models do not need the library.
    """
    try:
        from huggingface_hub import ModelHubMixin, hf_hub_download
    except ImportError:
        raise DataError(MISSING) from None

    class Adapter(ModelHubMixin, library_name="diffqas", tags=["diffqas", "quantum-train"]):
        def __init__(self, model: QuantumTrain, include_target: bool) -> None:
            self.model, self.include_target = model, include_target

        def _save_pretrained(self, save_directory: Path) -> None:
            self.model.save_generator(save_directory / GENERATOR, self.include_target)

        def generate_model_card(self, *args: Any, **kwargs: Any) -> Any:
            from huggingface_hub import ModelCard

            header = "library_name: diffqas\ntags:\n- diffqas\n- quantum-train"
            return ModelCard(f"---\n{header}\n---\n{card(self.model)}")

        @classmethod
        def _from_pretrained(
            cls, *, model_id: str, target: nn.Module, strict: bool, **options: Any
        ) -> Adapter:
            known = ("revision", "cache_dir", "force_download", "local_files_only", "token")
            path = hf_hub_download(
                model_id, GENERATOR, **{k: v for k, v in options.items() if k in known}
            )
            return cls(QuantumTrain.from_generator(path, target, strict), True)

    return Adapter


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
