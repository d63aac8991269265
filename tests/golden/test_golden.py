"""Runs give bit by bit what they gave, and what older versions left on disks is still read.

Bits are compared where torch, processor and kernels are those of the fixture; elsewhere figures are
compared to three digits. What is meant to change is made again by `make.py`.
"""

import hashlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from make import ELSEWHERE, GENERATORS, network
from recording import (
    FIXTURES,
    FORMATS,
    HERE,
    call,
    described,
    differences,
    environment,
    listed,
    make,
    needs,
    record,
    result,
    shown,
)
from safetensors.torch import load_file

import diffqas
from diffqas.cli import main
from diffqas.searches import trust
from kinds import (
    COMMANDS,
    KINDS,
    NEEDED,
    REORDERED,
    SENSITIVE,
    STORED,
    STUDY,
    TASK_FILE,
)

VERSIONS = sorted(path.name for path in FORMATS.iterdir() if path.is_dir())
SEED_FILES = "model-seed-{}.safetensors"


def fixture(name: str) -> dict[str, Any]:
    return json.loads((FIXTURES / f"{name}.json").read_text("utf-8"))


def expected(version: str) -> dict[str, Any]:
    return json.loads((FORMATS / version / "expected.json").read_text("utf-8"))


def copied(version: str, name: str, place: Path) -> Path:
    """A stored folder in a place where it may be written; the task's file is where it says."""
    folder = place / name
    shutil.copytree(FORMATS / version / name, folder)
    for config in folder.rglob("config.json"):
        text = config.read_text("utf-8")
        config.write_text(text.replace(ELSEWHERE, HERE.as_posix()), "utf-8")
    # Whoever has such a run has searched its task, and is asked for it once by this version.
    file = HERE / TASK_FILE
    trust.record(trust.Code(os.path.realpath(file), hashlib.sha256(file.read_bytes()).hexdigest()))
    return folder


def bit_by_bit(version: str, name: str) -> bool:
    """Whether a stored run's numbers are those of this version to the last digit."""
    here = expected(version)["environment"] == environment()
    return here and name not in REORDERED.get(version, ())


def same(wanted: dict[str, Any], folder: Path, name: str, exact: bool) -> None:
    """A run's folder holds what was recorded; files and entries may have been added."""
    if name in SENSITIVE and not exact:
        pytest.skip("another environment: the last digit changes all that follows")
    found = record(folder)
    assert not set(wanted.get("files", ())) - set(found["files"])
    if len(wanted["result"]["seeds"]) > 1:
        wanted, found = by_name(wanted), by_name(found)
    if not exact:
        wanted = without_order(wanted)
    parts = ("result", "records", "circuits", "tensors")
    lines = [line for part in parts for line in differences(wanted[part], found[part], exact, part)]
    assert not lines, "\n".join(lines[:20])


def by_name(recorded: dict[str, Any]) -> dict[str, Any]:
    """A record whose candidates stand by name: several seeds were ranked otherwise once.

    The order itself is held by tests/searches. Whose a circuit is, no file said at that time.
    """
    rows = sorted(
        recorded["result"]["ranking"], key=lambda row: (row.get("gate", ""), row["candidate"])
    )
    circuits = {
        name: re.sub(r"^// seed .*\n", "", text, flags=re.MULTILINE)
        for name, text in recorded["circuits"].items()
    }
    return recorded | {"result": recorded["result"] | {"ranking": rows}, "circuits": circuits}


def without_order(wanted: dict[str, Any]) -> dict[str, Any]:
    """A record without what turns on the order of candidates: many contribute almost the same."""
    left = {key: value for key, value in wanted["result"].items() if key != "ranking"}
    return wanted | {"result": left, "circuits": {}}


def install(task: str) -> None:
    if task in NEEDED:
        pytest.importorskip(NEEDED[task])


def test_every_kind_has_a_fixture():
    assert {path.stem for path in FIXTURES.glob("*.json")} == {*KINDS, *COMMANDS}


def test_bits_are_compared():
    others = [name for name in [*KINDS, *COMMANDS] if fixture(name)["environment"] != environment()]
    if others:
        pytest.skip(f"another environment: {len(others)} kinds are compared to three digits")


@pytest.mark.parametrize("name", [*KINDS, *COMMANDS])
def test_a_run_gives_what_it_gave(name, tmp_path):
    if needs(name):
        pytest.importorskip(needs(name))
    wanted = fixture(name)
    assert wanted["call"] == call(name)
    make(name, tmp_path / "run")
    same(wanted, tmp_path / "run", name, wanted["environment"] == environment())


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", STORED)
class TestStoredRuns:
    """Run folders of older versions."""

    def test_a_finished_one_is_loaded(self, version, name, tmp_path, capsys):
        install(STORED[name]["task"])
        folder = copied(version, f"runs/{name}/finished", tmp_path)
        run = diffqas.load(folder)
        assert "has changed" not in capsys.readouterr().err
        assert not differences(result(folder), run.result, exact=True)
        exact = bit_by_bit(version, name)
        seeds = run.result["seeds"]
        files = ["model.safetensors", *(SEED_FILES.format(seed) for seed in seeds[1:])]
        for model, file in zip(run.models, files, strict=True):
            wanted = {key: described(value) for key, value in load_file(folder / file).items()}
            found = {key: described(value) for key, value in exported(model).items()}
            assert not differences(wanted, found, exact)

    def test_a_finished_one_is_shown(self, version, name, tmp_path):
        folder = copied(version, f"runs/{name}/finished", tmp_path)
        assert shown(folder) == expected(version)["shown"][name]

    def test_a_stopped_one_ends_as_if_it_had_not_been(self, version, name, tmp_path):
        self.resumed(version, name, copied(version, f"runs/{name}/unfinished", tmp_path))

    def test_one_that_had_just_begun_ends_the_same(self, version, name, tmp_path):
        folder = copied(version, f"runs/{name}/unfinished", tmp_path)
        for path in folder.iterdir():
            if path.name != "config.json":
                path.unlink()
        self.resumed(version, name, folder)

    def test_one_whose_last_checkpoint_is_damaged_ends_the_same(self, version, name, tmp_path):
        folder = copied(version, f"runs/{name}/unfinished", tmp_path)
        checkpoint = folder / "checkpoint.pt"
        checkpoint.write_bytes(checkpoint.read_bytes()[:-100])
        self.resumed(version, name, folder)

    def resumed(self, version: str, name: str, folder: Path) -> None:
        install(STORED[name]["task"])
        run = diffqas.resume(folder, quiet=True)
        assert not differences(result(folder), run.result, exact=True)
        wanted = record(FORMATS / version / "runs" / name / "finished") | {"files": []}
        same(wanted, folder, name, bit_by_bit(version, name))


def exported(model: Any) -> dict[str, torch.Tensor]:
    """The classical network's tensors; a quantum LSTM has its own alone, without its choices."""
    state = (model.export() if hasattr(model, "export") else model).state_dict()
    said = ("_extra_state", "_progress_done")
    return {name: tensor for name, tensor in state.items() if not name.endswith(said)}


@pytest.mark.parametrize("version", VERSIONS)
def test_stored_runs_are_listed(version, tmp_path):
    found = listed(copied(version, "runs", tmp_path))
    assert not differences(expected(version)["runs"], found, exact=True)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", GENERATORS)
def test_a_stored_generator_writes_the_same_weights(version, name):
    place = FORMATS / version / "generators"
    model = diffqas.QuantumTrain.from_generator(place / f"{name}.safetensors", network())
    weights = load_file(place / f"{name}.weights.safetensors")
    exact = expected(version)["environment"] == environment()
    wanted = {key: described(value) for key, value in weights.items()}
    found = {key: described(value) for key, value in model.export().state_dict().items()}
    assert not differences(wanted, found, exact)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_stored_network_gives_the_same_outputs(version):
    place = FORMATS / version / "networks"
    samples = load_file(place / "series.samples.safetensors")
    with torch.no_grad():
        outputs = diffqas.load_network(place / "series.safetensors")(samples["inputs"])
    exact = expected(version)["environment"] == environment()
    assert not differences(described(samples["outputs"]), described(outputs), exact)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_stored_study_goes_on_with_nothing_to_compute(version, tmp_path, capsys):
    folder = copied(version, "study", tmp_path)
    before = {path: path.read_text("utf-8") for path in written(folder)}
    (folder / "table.md").unlink()
    main([*STUDY, "--output", str(folder)])
    assert "2 of them finished before" in capsys.readouterr().out
    after = {path: path.read_text("utf-8") for path in written(folder)}
    # Rows that the study has gained since are written down, and settings as they are spelt now.
    begun, known = (json.loads(texts.pop(folder / "study.json")) for texts in (before, after))
    assert set(begun["rows"]) < set(known["rows"])
    assert {**known, "rows": None, "settings": None} == {**begun, "rows": None, "settings": None}
    assert after == before
    before = {path: path.read_text("utf-8") for path in written(folder)}
    main([*STUDY, "--output", str(folder)])
    assert {path: path.read_text("utf-8") for path in written(folder)} == before


@pytest.mark.parametrize("version", VERSIONS)
def test_a_stored_study_is_shown_and_listed(version, tmp_path):
    folder = copied(version, "study", tmp_path)
    assert shown(folder) == expected(version)["shown_study"]
    assert not differences(expected(version)["study"], listed(folder), exact=True)


def written(folder: Path) -> list[Path]:
    """Texts of a study that stay as they are if nothing is computed."""
    names = ("cells/*/*.json", "table.md", "table.csv", "log.jsonl", "study.json")
    return sorted(path for name in names for path in folder.glob(name))
