"""What tests of searches share."""

from contextlib import contextmanager

import pytest

from diffqas.storage import RunFolder


@pytest.fixture
def stopped_after(monkeypatch):
    """A context in which a run stops with an error after so many lines of metrics."""

    @contextmanager
    def stopping(lines, error):
        append, left = RunFolder.append, iter(range(lines - 1, -1, -1))

        def write(self, record):
            append(self, record)
            if next(left) == 0:
                raise error

        with monkeypatch.context() as patch:
            patch.setattr(RunFolder, "append", write)
            yield

    return stopping
