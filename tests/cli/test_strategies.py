"""The studies of the room `strategies` on the command line."""

import pytest

from diffqas.cli.main import main


@pytest.mark.parametrize("name", ["strategies-table", "searchers"])
def test_options_that_they_do_not_have(name, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["study", name, "--epochs", "3"])
    assert ended.value.code == 2
    assert "`epochs` must be left out" in capsys.readouterr().err


def test_an_unknown_task(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["study", "strategies-table", "--datasets", "whine", "--output", str(tmp_path / "t")])
    assert ended.value.code == 2
    assert "wine" in capsys.readouterr().err
