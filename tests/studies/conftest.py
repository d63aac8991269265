"""What several tests of studies need."""

import pytest


@pytest.fixture
def rates_unchosen(monkeypatch):
    """No control looks for its learning rate."""
    for room in ("studies.populations", "kinds.ordinary"):
        monkeypatch.setattr(f"diffqas.{room}.choose_rate", lambda *_, **__: 1.0)
