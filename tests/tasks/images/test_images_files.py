from dataclasses import replace

import pytest

from diffqas.errors import ArgumentError, DataError
from diffqas.tasks.images import files
from diffqas.tasks.images.sources import FILES, SOURCES


@pytest.mark.parametrize("layout", ["", "Small", "Small/raw"])
def test_layouts_of_a_data_folder(small, tmp_path, layout):
    folder = small.write(tmp_path / "data" / layout)
    found = files.locate(small.source(), tmp_path / "data")
    assert found == {name: folder / name for name in FILES}


def test_files_may_lie_in_different_places(small, tmp_path):
    small.write(tmp_path, FILES[:2])
    small.write(tmp_path / "Small" / "raw", FILES[2:])
    assert {path.parent for path in files.locate(small.source(), tmp_path).values()} == {
        tmp_path,
        tmp_path / "Small" / "raw",
    }


def test_the_environment_names_a_data_folder(small, tmp_path, monkeypatch):
    small.write(tmp_path / "Small")
    monkeypatch.setenv("DIFFQAS_DATA", str(tmp_path))
    assert files.locate(small.source())[FILES[0]] == tmp_path / "Small" / FILES[0]


def test_the_argument_goes_before_the_environment(small, other, tmp_path, monkeypatch):
    monkeypatch.setenv("DIFFQAS_DATA", str(other.write(tmp_path / "environment")))
    folder = small.write(tmp_path / "argument")
    assert files.locate(small.source(), folder)[FILES[0]] == folder / FILES[0]


def test_the_cache_completes_the_environment(small, tmp_path, monkeypatch, cache):
    monkeypatch.setenv("DIFFQAS_DATA", str(small.write(tmp_path / "data", FILES[:1])))
    small.write(cache / "Small", FILES[1:])
    found = files.locate(small.source())
    assert found == {FILES[0]: tmp_path / "data" / FILES[0]} | {
        name: cache / "Small" / name for name in FILES[1:]
    }


def test_a_damaged_file_is_told_and_left_alone(small, tmp_path, monkeypatch, cache):
    folder = small.write(tmp_path / "data")
    small.write(cache / "Small")
    damaged = folder / FILES[2]
    damaged.write_bytes(b"damaged")
    source = small.source()
    monkeypatch.setenv("DIFFQAS_DATA", str(folder))
    for data_dir in (folder, None):
        with pytest.raises(DataError, match="download it again or remove it") as caught:
            files.locate(source, data_dir)
        for words in (str(damaged), source.md5[FILES[2]], "is damaged"):
            assert words in str(caught.value)
        assert "\n" not in str(caught.value)
    assert damaged.read_bytes() == b"damaged"


def test_a_damaged_file_hides_no_sound_one_behind_it(small, tmp_path):
    small.write(tmp_path / "Small")
    (tmp_path / FILES[0]).write_bytes(b"damaged")
    with pytest.raises(DataError, match="is damaged"):
        files.locate(small.source(), tmp_path)


def test_both_checksums_stand_in_the_message(small, other, tmp_path):
    folder = small.write(tmp_path)
    (folder / FILES[0]).write_bytes(other.files[FILES[0]])
    with pytest.raises(DataError) as caught:
        files.locate(small.source(), folder)
    for source in (small.source(), other.source()):
        assert source.md5[FILES[0]] in str(caught.value)


@pytest.fixture
def known(small, other, monkeypatch):
    """`small` and `other` as the two data sets that the program knows."""
    sources = {
        "small": small.source(),
        "other": replace(other.source(), title="Other", folder="Other"),
    }
    monkeypatch.setattr(files, "SOURCES", sources)
    return sources


def test_training_and_test_files_exchanged(small, known, tmp_path):
    folder = small.write(tmp_path)
    first, second = folder / FILES[0], folder / FILES[2]
    first.write_bytes(small.files[FILES[2]])
    second.write_bytes(small.files[FILES[0]])
    with pytest.raises(DataError, match=f"{FILES[0]} is Small's {FILES[2]}: its MD5 is"):
        files.locate(known["small"], folder)
    small.write(tmp_path / "Small")  # no excuse for the exchanged files before them
    with pytest.raises(DataError, match=f"{FILES[0]} is Small's {FILES[2]}: its MD5 is"):
        files.locate(known["small"], folder)


def test_two_data_sets_in_one_folder(small, other, known, tmp_path):
    other.write(tmp_path)
    with pytest.raises(
        DataError, match=f"is Other's {FILES[0]}: .* put the right file there or remove it"
    ):
        files.locate(known["small"], tmp_path)
    small.write(tmp_path / "Small")
    assert files.locate(known["small"], tmp_path)[FILES[0]] == tmp_path / "Small" / FILES[0]
    assert files.locate(known["other"], tmp_path)[FILES[0]] == tmp_path / FILES[0]


def test_missing_files_are_named_with_their_place(small, tmp_path):
    small.write(tmp_path, FILES[:3])
    with pytest.raises(DataError) as caught:
        files.locate(small.source(), tmp_path)
    assert f"put {FILES[3]} into {tmp_path / 'Small'}, or leave out --data-dir" in str(caught.value)
    assert FILES[0] not in str(caught.value)


def test_a_data_folder_that_is_none(small, tmp_path):
    with pytest.raises(
        ArgumentError, match=r"Argument `data_dir` must be a folder, but got '.*nowhere'"
    ):
        files.locate(small.source(), tmp_path / "nowhere")


@pytest.mark.parametrize("name", SOURCES)
def test_the_published_files_have_the_published_checksums(name, real_data):
    assert set(files.search_folder(SOURCES[name], real_data)) == set(FILES)
