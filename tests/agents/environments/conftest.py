"""Small environments of the tests' own, under ids that no other test sees."""

from collections.abc import Callable, Iterator
from itertools import count

import gymnasium
import pytest

_NUMBERS = count()


@pytest.fixture
def registered() -> Iterator[Callable[..., str]]:
    """Registers what makes an environment, and gives its id."""
    ids = []

    def register(make: Callable[..., gymnasium.Env], **options: object) -> str:
        ids.append(f"Tests{next(_NUMBERS)}-v0")
        gymnasium.register(ids[-1], entry_point=make, **options)
        return ids[-1]

    yield register
    for one in ids:
        del gymnasium.registry[one]
