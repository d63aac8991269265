"""What the tests of several kinds of models share."""

import pytest

from diffqas import resume, search
from diffqas.errors import RunError
from diffqas.storage import RunFolder
from diffqas.training import Training


def without_seconds(result):
    """Classical networks are trained beside the search, each with its time."""
    references = [{**one, "seconds": None} for one in result["references"]]
    return {**result, "seconds": None, "references": references}


@pytest.fixture
def stops_and_goes_on(tmp_path, monkeypatch):
    """Check that a search of three epochs is the same if it is stopped after each of them."""

    def check(options):
        whole = search("bessel", **options, output=tmp_path / "whole")
        monkeypatch.setattr("diffqas.searches.session.CHECKPOINT_SECONDS", 0.0)
        one_epoch = Training._one_epoch
        left = [0]

        def stop_after_one(self):
            if left[0] == 0:
                raise RunError("stopped")
            left[0] -= 1
            return one_epoch(self)

        with monkeypatch.context() as patch:
            patch.setattr(Training, "_one_epoch", stop_after_one)
            with pytest.raises(RunError, match="stopped"):
                search("bessel", **options, output=tmp_path / "stopped")
            for _ in range(2):
                left[0] = 1
                with pytest.raises(RunError, match="stopped"):
                    resume(tmp_path / "stopped", quiet=True)
        continued = resume(tmp_path / "stopped", quiet=True)
        assert without_seconds(continued.result) == without_seconds(whole.result)
        assert RunFolder(continued.folder).records() == RunFolder(whole.folder).records()
        files = [run.folder / "model-seed-1.safetensors" for run in (whole, continued)]
        assert files[0].read_bytes() == files[1].read_bytes()

    return check
