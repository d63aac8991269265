"""Adapters of a trained network: what fits into a count of numbers, and the study around them."""

import json
import re
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from diffqas.cli import main
from diffqas.errors import ArgumentError, DataError
from diffqas.studies import Plan, adaptation_study, adapted_task
from diffqas.studies.adaptation import (
    ORDINARY,
    SETTINGS,
    USUAL,
    Columns,
    adaptation_rows,
    as_it_is,
    written_model,
)
from diffqas.studies.adapted import Adaptation, biases, head, lora, vera
from diffqas.studies.measure import measure
from diffqas.tasks import Split, Task

peft = pytest.importorskip("peft", reason="the extra lora")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
STUDIES = Path(__file__).parents[2] / "studies"


class Small(nn.Module):
    """Three layers, two of which are adapted: 14 and 12 numbers for each rank."""

    def __init__(self, width=8):
        super().__init__()
        self.query, self.value = nn.Linear(6, width), nn.Linear(width, 4)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        return self.head(torch.tanh(self.value(torch.tanh(self.query(x)))))


def base():
    torch.manual_seed(5)
    return Small()


def adaptation(numbers, rank=4):
    return Adaptation(base(), ("query", "value"), "head", numbers, rank)


def trained(network):
    return sum(one.numel() for one in network.parameters() if one.requires_grad)


def task(samples=40):
    torch.manual_seed(1)
    x = torch.randn(2 * samples, 6)
    labels = (x[:, 0] > 0).long() + (x[:, 1] > 0).long()
    parts = [Split(x[:samples], labels[:samples]), Split(x[samples:], labels[samples:])]

    def accuracy(outputs, targets):
        return (outputs.argmax(-1) == targets).float().mean()

    loss = nn.functional.cross_entropy
    return Task("mine", *parts, base, loss, {"accuracy": accuracy, "loss": loss})


@settings(max_examples=25, deadline=None)
@given(st.integers(12, 120))
def test_a_lora_has_the_greatest_rank_that_fits(numbers):
    count = trained(lora(adaptation(numbers)))
    assert count <= numbers
    # Both layers have 26 numbers for each rank; where these are too many, the last one has 12.
    each = 26 if numbers >= 26 else 12
    assert count == each * (numbers // each)


@pytest.mark.parametrize(("make", "least"), [(lora, 12), (vera, 5), (biases, 3), (head, 15)])
def test_too_few_numbers_are_one_line_with_the_least_count(make, least):
    assert 0 < trained(make(adaptation(least))) <= least
    with pytest.raises(
        ArgumentError, match=rf"`numbers` must be at least {least}\b.*got {least - 1}"
    ):
        make(adaptation(least - 1))


def test_a_vera_counts_its_vectors():
    # 12 outputs, and an entry of the other vector for each rank and layer.
    assert trained(vera(adaptation(30))) == 12 + 2 * 9
    # Only the last layer fits.
    assert trained(vera(adaptation(11))) == 4 + 7


def test_layers_that_are_not_there_are_told_with_those_that_are():
    with pytest.raises(ArgumentError, match=r"`modules` must be one of head, query, value.*'quer'"):
        Adaptation(base(), ("quer",), "head", 30)
    with pytest.raises(ArgumentError, match=r"`head` must be one of query, value, head"):
        Adaptation(base(), ("query",), "classifier", 30)
    with pytest.raises(ArgumentError, match="`numbers` must be a whole number"):
        Adaptation(base(), ("query",), "head", 0)


def test_a_missing_peft_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(DataError, match=r"pip install 'diffqas\[lora\]'"):
        adaptation(30)


@pytest.mark.parametrize("generator", ["circuits", "uniform", "hashed"])
def test_what_a_generator_writes_starts_at_the_network(generator):
    one = adaptation(60)
    model = written_model(one, SETTINGS, generator)
    assert model.parameter_report().total <= 60
    assert all("lora_" in name for name in model.generate())
    x = torch.randn(7, 6)
    torch.testing.assert_close(model(x), one.base(x))


def rows(rate=None):
    from diffqas.studies import Factors

    columns = Columns(("mine",), (60,))
    factors = None if rate is None else {name: Factors((60,), (rate,)) for name in USUAL}
    return adaptation_rows(SETTINGS, columns, 15, factors)


@pytest.mark.parametrize("name", ["circuits", "hashed vector", *ORDINARY])
def test_a_seed_in_company_is_as_alone(name):
    made = adapted_task(task(), base(), ("query", "value"), "head", 60)
    (row,) = (row for row in rows(rate=3.0) if row.name == name)
    together, _ = measure("test", row, "mine-60", [3, 4], made)
    alone, _ = measure("test", row, "mine-60", [4], made)
    assert not together.failures
    for key, values in together.figures.items():
        assert values[1] == pytest.approx(alone.figures[key][0], rel=1e-4, abs=1e-5)
    assert together.adapter.bytes == alone.adapter.bytes > 4 * 15
    assert together.adapter.seconds_per_step > 0
    # Seeds differ at least in the order of the samples.
    assert together.figures["test_loss"][0] != together.figures["test_loss"][1]


def test_the_network_itself_is_a_reference():
    made = adapted_task(task(), base(), ("query", "value"), "head", 60)
    share = (base()(made.test.inputs).argmax(-1) == made.test.targets).float().mean()
    assert as_it_is(made) == pytest.approx(share.item())


def test_more_weights_are_written_than_numbers_trained():
    for numbers in (60, 500):
        made = adapted_task(task(), base(), ("query", "value"), "head", numbers).target
        assert made.rank >= 4
        assert 26 * made.rank >= 1.5 * numbers


OWN = """
import sys
sys.path.insert(0, {place!r})
from test_adaptation import SETTINGS, base, task
from dataclasses import replace
from diffqas.studies import adaptation_study

def study(numbers=(30, 60), modules=("query", "value")):
    return adaptation_study({{"mine": task()}}, base(), modules, "head", numbers)

def wrong():
    return study(modules=("key",))

def small():
    return study(numbers=(11,))
"""


@pytest.fixture
def own(tmp_path):
    file = tmp_path / "own.py"
    file.write_text(OWN.format(place=str(Path(__file__).parent)))
    return file


def test_a_study_of_ones_own_network_has_all_rows_at_rates_that_it_chose(own, tmp_path, capsys):
    folder = tmp_path / "study"
    command = ["study", f"{own}:study", "--seeds", "2", "--workers", "1", "--output", str(folder)]
    main([*command, "--epochs", "1"])
    files = {file.parent.name: set() for file in folder.glob("cells/*/*.json")}
    for file in folder.glob("cells/*/*.json"):
        files[file.parent.name].add(file.stem)
    # The whole network stands beside the most numbers alone.
    assert files["mine-60"] - files["mine-30"] == {"all-weights"}
    assert len(files["mine-60"]) == len(USUAL) + 1
    table = (folder / "adapters.md").read_text()
    assert table.strip() in capsys.readouterr().out
    assert "| mine-60 | not adapted | 0 |" in table
    assert (folder / "adapters.png").stat().st_size > 10_000
    cell = json.loads((folder / "cells/mine-60/lora-of-the-rank-that-fits.json").read_text())
    assert cell["trainable"] == 52
    assert cell["adapter"]["bytes"] > 4 * 52
    main([*command, "--epochs", "1"])
    assert "23 of them finished before" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("study", "line"),
    [
        ("wrong", "Argument `modules` must be one of head, query, value, but got 'key'"),
        ("small", "Argument `numbers` must be at least 12, LoRA of rank 1 on the last layer alone"),
    ],
)
def test_a_wrong_study_is_one_line_before_anything_is_made(own, tmp_path, capsys, study, line):
    folder = tmp_path / "study"
    with pytest.raises(SystemExit) as end:
        main(["study", f"{own}:{study}", "--output", str(folder)])
    assert end.value.code == 2
    told = capsys.readouterr().err
    assert line in " ".join(told.split())
    assert "Traceback" not in told
    assert not folder.exists()


def test_an_adapter_is_peft_s_own_and_comes_back_from_its_folder(tmp_path):
    one = adaptation(60)
    model = written_model(one, SETTINGS, "circuits")
    with torch.no_grad():
        for group in model.parameter_groups(1.0):
            for number in group["params"]:
                number += 0.05
    x = torch.randn(7, 6)
    assert not torch.allclose(model(x), one.base(x))
    model.export().save_pretrained(tmp_path)
    again = peft.PeftModel.from_pretrained(base(), tmp_path)
    torch.testing.assert_close(again(x), model(x))
    plain = again.merge_and_unload()
    assert type(plain) is Small
    torch.testing.assert_close(plain(x), model(x), rtol=1e-4, atol=1e-5)


def test_an_adapter_of_another_network_is_refused_in_one_line(tmp_path):
    from diffqas import QuantumTrain

    file = tmp_path / "adapter.safetensors"
    written_model(adaptation(60), SETTINGS, "circuits").save_generator(file)
    wider = Adaptation(Small(width=9), ("query", "value"), "head", 60)()
    with pytest.raises(ArgumentError, match=r"must have the parameter .* of shape .* but got"):
        QuantumTrain.from_generator(file, target=wider)
    torch.manual_seed(9)
    other = Adaptation(Small(), ("query", "value"), "head", 60)()
    with pytest.raises(ArgumentError, match="must bring the buffers and frozen parameters"):
        QuantumTrain.from_generator(file, target=other)
    with pytest.raises(ArgumentError, match="but got a module without it"):
        QuantumTrain.from_generator(file, target=base())


@pytest.fixture
def papers(monkeypatch):
    monkeypatch.syspath_prepend(str(STUDIES))
    import adaptation

    return adaptation


def test_the_study_of_the_transformer_has_every_count_and_rates_for_all(papers):
    plan = Plan("adaptation", seeds=5)
    assert len(plan.datasets) == 9
    network = papers.ViT()
    assert 2e5 < sum(one.numel() for one in network.parameters()) < 2e6
    assert sum(one.numel() for one in network.head.parameters()) == papers.HEAD_NUMBERS
    assert set(papers.RATES) == set(papers.TRIED) == set(USUAL) - {"all weights"}
    for name, rate in papers.RATES.items():
        assert rate in papers.TRIED[name]
    for numbers in papers.COLUMNS.numbers:
        one = Adaptation(network, papers.MODULES, papers.HEAD, numbers)
        # The counts are those of ranks 1 and 10: LoRA has all of them.
        assert trained(lora(one)) == numbers


def test_rates_are_chosen_by_other_seeds_on_images_that_no_table_shows(papers, monkeypatch):
    assert papers.ADAPTATION_RATES.first_seed == 100
    assert Plan("adaptation").count == papers.ADAPTATION.seeds == 5
    data = few(papers, monkeypatch)
    held_out = papers.image_task(data.holdout(0.2))
    assert len(held_out.train) + len(held_out.test) == len(data.train_labels)


def few(papers, monkeypatch, name="fashion-mnist"):
    """A data set of random images in place of the files."""
    import numpy as np

    from diffqas.tasks import ImageData

    draw = np.random.default_rng(0)

    def made(source, classes, data_dir):
        pixels = draw.random((50, 1, 28, 28)).astype(np.float32)
        labels = np.arange(50) % 10
        scaled = ((pixels - 0.25) / 0.5).astype(np.float32)
        names = tuple(map(str, range(10)))
        return ImageData(source, scaled, labels, scaled, labels, tuple(range(10)), names, 0.25, 0.5)

    monkeypatch.setattr(papers, "load_images", made)
    papers.few_images.cache_clear()
    return papers.few_images(name, None)


def test_digits_are_inverted_and_turned(papers, monkeypatch):
    import numpy as np

    for name, change in (
        ("inverted-mnist", lambda pixels: 1 - pixels),
        ("turned-mnist", lambda pixels: np.rot90(pixels, axes=(2, 3))),
    ):
        changed = few(papers, monkeypatch, name)
        papers.few_images.cache_clear()
        monkeypatch.setattr(
            papers, "CHANGES", {**papers.CHANGES, name: papers.CHANGES["fashion-mnist"]}
        )
        plain = few(papers, monkeypatch, name)
        pixels = plain.train_images * 0.5 + 0.25
        found = changed.train_images * 0.5 + 0.25
        np.testing.assert_allclose(found, change(pixels), atol=1e-6)
        monkeypatch.undo()
    papers.few_images.cache_clear()


def test_the_base_is_trained_once_and_a_damaged_one_is_told(papers, monkeypatch, tmp_path):
    few(papers, monkeypatch)
    calls = []
    monkeypatch.setattr(papers, "train_base", lambda data: calls.append(1) or papers.ViT())
    papers.prepare(tmp_path, None)
    papers.prepare(tmp_path, None)
    assert len(calls) == 1
    papers.read_base(tmp_path)
    (tmp_path / papers.BASE).write_bytes(b"nothing")
    with pytest.raises(DataError, match="Remove it to train it again"):
        papers.read_base(tmp_path)
    papers.few_images.cache_clear()


def test_missing_images_are_one_line(tmp_path, capsys):
    empty = tmp_path / "data"
    empty.mkdir()
    command = ["study", "adaptation", "--data-dir", str(empty), "--output", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as end:
        main(command)
    assert end.value.code == 2
    told = capsys.readouterr().err
    assert "mnist" in told.lower()
    assert "Traceback" not in told
    assert not (tmp_path / "out").exists()


def test_numbers_between_two_ranks_go_to_a_study_of_ones_own():
    study = adaptation_study({"mine": task()}, base(), ("query", "value"), "head", (31,))
    (lora_row,) = (row for row in study.rows(SETTINGS, "default") if row.name.startswith("LoRA"))
    made = study.load("mine-31", None)
    assert trained(lora(made.target)) == 26
    assert lora_row.stands_on("mine-31")


def test_the_documented_adaptation_runs(tmp_path, monkeypatch, capsys):
    pytest.importorskip("sklearn")
    page = (Path(__file__).parents[2] / "docs" / "adaptation.md").read_text("utf-8")
    (mine,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (kept,) = re.findall(r"^```py\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    Path("mine.py").write_text(mine)
    rows = ["--rows", "search", "head", "not-adapted"]
    main(["study", "mine.py:mine", "--seeds", "2", "--epochs", "1", "--workers", "1", *rows])
    assert "lora" not in Path("runs/mine/adapters.md").read_text().lower()
    scope = {}
    exec(compile(kept, "adaptation.md", "exec"), scope)
    promised = re.search(r"# (\d+ trainable numbers .*?):", kept)
    assert promised is not None
    assert promised.group(1) in capsys.readouterr().out
    test = scope["negatives"]().test
    found = (scope["again"](test.inputs).argmax(-1) == test.targets).float().mean()
    before = (scope["trained"]()(test.inputs).argmax(-1) == test.targets).float().mean()
    assert found > before + 0.2
