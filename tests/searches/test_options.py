"""One field is one option everywhere: command line, Python, config.json, tune, reference."""

import json
import runpy
from dataclasses import MISSING, dataclass
from pathlib import Path

import pytest

from diffqas.choices import adjusted, check, option
from diffqas.cli.parsing import parse
from diffqas.cli.search import Search
from diffqas.errors import ArgumentError
from diffqas.optimisers import OPTIMISERS
from diffqas.quantum_train import DimensionScale, MLPMapping
from diffqas.searches import options, prepare, search, value_of
from diffqas.searches.command import command_of
from diffqas.searches.config import config_from_json
from diffqas.searches.options import words_for
from diffqas.searches.tuning.space import PARAMETERS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_reference_is_that_of_the_fields():
    page = runpy.run_path(str(DOCS / "drawings" / "options.py"))["page"]()
    assert (DOCS / "options.md").read_text("utf-8") == page, "run docs/drawings/options.py"


def test_every_option_is_on_the_command_line_and_in_the_reference():
    command = Search.for_words(["bessel"])
    typed = {
        name for group in command.groups for name in command.__annotations__[group].__annotations__
    }
    assert typed == set(options())
    page = (DOCS / "options.md").read_text("utf-8")
    assert all(f"`{each.flag}`" in page for each in options().values())


def test_every_option_says_what_it_decides():
    for name, each in options().items():
        assert each.declared.help.endswith("."), name


def test_an_option_added_to_a_class_is_an_option_everywhere(monkeypatch):
    """One field in one class; nothing else is told of it."""

    @dataclass(frozen=True)
    class Slow(OPTIMISERS["adam"]):
        drag: float = option(0.5, "How slow it is.", least=0)
        name = "slow"

    monkeypatch.setattr(
        "diffqas.tasks.settings.OPTIMISERS", {**OPTIMISERS, "slow": Slow}, raising=True
    )
    options.cache_clear()
    try:
        assert options()["drag"].flag == "--drag"
        command = Search.for_words(["bessel", "--optimizer", "slow", "--drag", "0.7"])
        assert "drag" in command.given
        assert words_for("--drag", 0.7) == ["--drag", "0.7"]
    finally:
        monkeypatch.undo()
        options.cache_clear()


def test_python_and_config_take_what_the_fields_declare():
    given = {"epochs": 3, "optimizer": "adam", "lr": 0.02, "bits": "signed", "order": "shuffled"}
    config = prepare("bessel", **given).config
    again = config_from_json(json.loads(json.dumps(config.to_json())))
    assert again == config
    for name, value in given.items():
        assert value_of(again.settings, options()[name]) == value
    words = command_of(again).words
    assert all(options()[name].flag in words for name in given)


def test_the_word_none_leaves_an_option_open():
    words = ["bessel", "--scale", "dimension", "--limit", "None"]
    command = parse(Search.for_words(words), "search", words)
    assert command.call(prepare).config.settings.generator.scale == DimensionScale(None)
    assert prepare("bessel", scale="dimension").config.settings.generator.scale == DimensionScale(
        32.0
    )


def test_an_option_that_no_choosing_names_reaches_its_class():
    config = prepare("bessel", mapping="mlp", hidden=4, mapping_gain=2.0).config
    assert config.kind.mapping == MLPMapping((4,), gain=2.0)
    with pytest.raises(ArgumentError, match="`mapping_gain` must go with the mapping mlp"):
        prepare("bessel", mapping_gain=2.0)


def test_what_can_be_tuned_is_declared_with_its_range():
    declared = {
        tuning.name or name for name, each in options().items() for tuning in each.declared.tuning
    }
    assert declared == set(PARAMETERS)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"epohs": 3}, r"`epohs` is not known \(did you mean 'epochs'\?\)"),
        ({"lr": float("nan"), "optimizer": "adam"}, "`lr` must be positive, but got nan"),
        ({"lr": 1e39, "optimizer": "adam"}, r"`lr` must be at most 1e\+30, but got 1e\+39"),
        ({"seed": 2**64}, "`seed` must be a whole number from 0 to 1099511627775, but got 1844674"),
        ({"seed": -1}, "`seed` must be a whole number from 0 to"),
        ({"seeds": [0, 2**63]}, "`seed` must be a whole number from 0 to"),
        ({"seeds": [1.5]}, "`seed` must be a whole number from 0 to"),
        ({"structure_rate": float("nan")}, "`structure_rate` must not be negative, but got nan"),
        ({"angles_rate": -1.0}, "`angles_rate` must not be negative, but got -1.0"),
        ({"betas": (0.9, 1.0), "optimizer": "adam"}, "`betas` must be at least 0 and below 1"),
        ({"alpha": float("inf"), "optimizer": "rmsprop"}, "`alpha` must be a finite number"),
        ({"lr": float("inf"), "optimizer": "adam"}, "`lr` must be a finite number, but got inf"),
        ({"lr": -(10**400), "optimizer": "adam"}, r"`lr` must be positive, but got -1000"),
        ({"raw_start": 10**25}, r"`raw_start` must be written as a float, 1e\+25, but got 1000"),
        ({"temperature": 2.0}, "`temperature` must go with the relaxation softmax or gumbel"),
        ({"limit": 3.0}, "`limit` must go with the scale dimension, but got tanh"),
        ({"batch_size": 0}, "`batch_size` must be at least 1, but got 0"),
        ({"episodes": 5}, "`episodes` must be used with an environment, but got data"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_by_the_rule_beside_the_field(choice, message, tmp_path):
    with pytest.raises(ArgumentError, match=message):
        search("bessel", output=tmp_path / "run", **choice)
    assert not (tmp_path / "run").exists()


def test_a_choice_with_other_values_wherever_they_are():
    settings = prepare("bessel").config.settings
    changed = adjusted(settings, depth=2, relaxation="gumbel", temperature=3.0, angles_rate=7.0)
    assert changed.depth == 2
    assert changed.generator.relaxation.temperature == 3.0
    assert changed.generator.rates.angles == 7.0
    with pytest.raises(ArgumentError, match="`lr` is no option of Settings"):
        adjusted(settings, lr=0.1)


def test_a_range_is_checked_by_one_function():
    @dataclass(frozen=True)
    class Size:
        count: int = option(1, "How many.", least=1)

        def __post_init__(self) -> None:
            check(self)

    for wrong in (0, 1.5, True):
        with pytest.raises(ArgumentError, match="`count` must be at least 1"):
            Size(wrong)
    assert value_of(Size(), next(iter(options().values()))) is MISSING
