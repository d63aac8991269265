import gzip
import hashlib
import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diffqas.errors import ArgumentError, DataError
from diffqas.tasks.images import files
from diffqas.tasks.images.datasets import read_source
from diffqas.tasks.images.sources import FILES, SOURCES


def idx(values):
    values = np.asarray(values, dtype=np.uint8)
    header = struct.pack(f">2xBB{values.ndim}I", 8, values.ndim, *values.shape)
    return gzip.compress(header + values.tobytes(), mtime=0)


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


def test_both_checksums_stand_in_the_message(small, other, tmp_path, caplog):
    folder = small.write(tmp_path)
    (folder / FILES[0]).write_bytes(other.files[FILES[0]])
    assert files.locate(small.source(), folder)[FILES[0]] == folder / FILES[0]
    (said,) = caplog.messages
    assert f"{FILES[0]} is not the published file, and is used as it is" in said
    for source in (small.source(), other.source()):
        assert source.md5[FILES[0]] in said


def content_sums(small):
    """The checksums of what the files hold."""
    return {
        name: hashlib.md5(gzip.decompress(content)).hexdigest()
        for name, content in small.files.items()
    }


PACKINGS = {
    "unpacked": gzip.decompress,
    "packed again": lambda content: gzip.compress(gzip.decompress(content), 1, mtime=1),
    "in two parts": lambda content: (
        gzip.compress(gzip.decompress(content)[:20]) + gzip.compress(gzip.decompress(content)[20:])
    ),
}


@pytest.mark.parametrize("spelling", range(4))
@pytest.mark.parametrize("packing", PACKINGS.values(), ids=PACKINGS.keys())
def test_the_published_content_is_read_in_any_packing(small, tmp_path, caplog, packing, spelling):
    for name, content in small.files.items():
        (tmp_path / files.spellings(name)[spelling]).write_bytes(packing(content))
    source = replace(small.source(), unpacked=content_sums(small))
    raw = read_source(source, tmp_path)
    for part, read in (("train", raw.train), ("test", raw.test)):
        np.testing.assert_array_equal(read[0], small.images[part])
        np.testing.assert_array_equal(read[1], small.labels[part])
    assert not caplog.messages


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(FILES), st.sampled_from(sorted(PACKINGS)), st.data())
def test_a_file_that_is_cut_off_or_grown_is_refused(small, tmp_path, name, packing, data):
    folder = small.write(tmp_path / "data")
    content = PACKINGS[packing](small.files[name])
    kept = data.draw(st.integers(0, len(content) - 1))
    longer = data.draw(st.booleans())
    (folder / name).write_bytes(content + b"x" if longer else content[:kept])
    source = replace(small.source(), unpacked=content_sums(small))
    with pytest.raises(DataError, match="is damaged: ") as caught:
        files.locate(source, folder)
    assert str(caught.value).isprintable()


OTHERS = {
    "a label too many": (1, np.full(50, 10), "the label 10 is in it where labels are 0..9"),
    "other pixels": (0, np.zeros((50, 7, 6)), "images of 7 x 6 pixels where 6 x 6 should be"),
    "labels for images": (0, np.zeros(50), "the file holds labels where images should be"),
    "floats": (0, None, "values of type 0x0d are not supported, only .*"),
}


@pytest.mark.parametrize(("which", "values", "words"), OTHERS.values(), ids=OTHERS.keys())
def test_other_values_than_the_data_sets(small, tmp_path, which, values, words):
    folder = small.write(tmp_path)
    content = struct.pack(">2xBB3I", 13, 3, 1, 1, 1) + bytes(4)
    if values is not None:
        content = gzip.decompress(idx(values))
    (folder / FILES[which]).write_bytes(content)
    source = replace(small.source(), pixels=(6, 6))
    with pytest.raises(DataError, match=f"{FILES[which]} is damaged: {words}; its MD5 is"):
        files.locate(source, folder)


def test_parts_of_different_sizes(small, tmp_path):
    folder = small.write(tmp_path)
    (folder / FILES[2]).write_bytes(idx(np.zeros((30, 5, 6))))
    with pytest.raises(
        DataError, match=r"images of 6 x 6 pixels, but .*t10k.* of 5 x 6; put files"
    ):
        read_source(small.source(), folder)


@pytest.mark.parametrize("name", ["no/such", "file"])
def test_a_variable_that_names_no_folder_is_told(small, tmp_path, monkeypatch, name):
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIFFQAS_DATA", name)
    with pytest.raises(DataError, match=f"DIFFQAS_DATA must name a folder, but names '{name}'"):
        files.locate(small.source())


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
