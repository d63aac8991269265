"""The settings and the clients of a run, from a recipe and from what was asked for instead."""

from __future__ import annotations

from collections.abc import Mapping

from diffqas.agents import AgentSettings, EnvironmentTask
from diffqas.choices import Value, adjusted
from diffqas.errors import ArgumentError, choose, require, whole
from diffqas.kinds import AnyKind
from diffqas.optimisers import OPTIMISERS
from diffqas.searches.options import names_of, options, refuse_foreign
from diffqas.tasks import Settings, Task
from diffqas.training import Federated, usual_split


def settings_of(
    kind: AnyKind,
    task: Task | EnvironmentTask,
    recipe: str,
    given: Mapping[str, Value],
) -> Settings | AgentSettings:
    """The settings of a recipe, with the given values in place of its own.

    Args:
        kind: the kind of model, which has the recipes.
        task: what it is trained on.
        recipe: the name of a recipe.
        given: values by the names of options.

    Raises:
        ArgumentError: the recipe is unknown, the settings have no such option, or a value is wrong.
    """
    recipes = kind.recipes(task)
    settings: Settings | AgentSettings = recipes[choose(recipe, recipes, "recipe")]
    _refuse_of_other_tasks(settings, task, given)
    of_optimisers = names_of(*OPTIMISERS.values())
    others = {name: value for name, value in given.items() if name not in of_optimisers}
    refuse_foreign(_with_words(settings, given), others)
    settings = adjusted(settings, **others)
    # How many numbers there are is known only now, and decides which optimiser can hold them.
    if isinstance(settings, Settings) and "optimizer" not in given:
        assert isinstance(task, Task)
        settings = kind.affordable(task, settings)
    refuse_foreign(settings, given)
    return adjusted(settings, **{name: given[name] for name in given if name not in others})


def _with_words(
    settings: Settings | AgentSettings, given: Mapping[str, Value]
) -> Settings | AgentSettings:
    """The settings with the chosen members of families, not yet with their numbers."""
    words = {name: value for name, value in given.items() if options()[name].declared.family}
    return adjusted(settings, **words)


def _refuse_of_other_tasks(
    settings: Settings | AgentSettings, task: Task | EnvironmentTask, given: Mapping[str, Value]
) -> None:
    """Refuse options that only the settings of the other kind of task have."""
    own, other = names_of(Settings), names_of(AgentSettings)
    owner, found = "an environment", "data"
    if isinstance(settings, AgentSettings):
        own, other = other, own
        owner, found = "a data set", "an environment"
    for name in given:
        if name in other and name not in own:
            rule = f"Argument `{name}` must be used with {owner}"
            raise ArgumentError(f"{rule}, but got {found} ({task.name}).")


def federated_of(
    kind: str, clients: int | None, local_epochs: int | None, split: str | None, rounds: int | None
) -> Federated | None:
    """The choices of a federated training for a kind of task; None if there are no clients.

    Raises:
        ArgumentError: agents shall have clients, a choice is wrong, or a choice goes with clients
            only.

    >>> federated_of("series", clients=4, local_epochs=None, split=None, rounds=None)
    Federated(clients=4, local_epochs=1, split='contiguous')
    """
    if clients is None:
        for name, value in {"rounds": rounds, "local_epochs": local_epochs, "split": split}.items():
            require(value is None, name, "go with clients", value)
        return None
    if kind == "environment":
        raise ArgumentError(
            "Argument `clients` must be used with a data set, but got an environment."
        )
    return Federated(
        clients,
        1 if local_epochs is None else local_epochs,
        usual_split(kind) if split is None else split,
    )


def epochs_of(federated: Federated | None, epochs: int | None, rounds: int | None) -> int | None:
    """The epochs of every client, given as such or by the rounds; None leaves them to the recipe.

    >>> epochs_of(Federated(4, local_epochs=5), epochs=None, rounds=10)
    50
    """
    if federated is None or rounds is None:
        return epochs
    require(whole(rounds), "rounds", "be a whole number of at least 1", rounds)
    require(epochs is None, "epochs", "be left out where rounds are given", epochs)
    return rounds * federated.local_epochs
