import gzip
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diffqas.errors import DataError
from diffqas.tasks.images.idx import read_idx, read_pair

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


def packed(values, kind=8, shape=None, start=b"\0\0"):
    values = np.asarray(values, dtype=np.uint8)
    shape = values.shape if shape is None else shape
    header = start + bytes([kind, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)
    return gzip.compress(header + values.tobytes())


@pytest.fixture
def write(tmp_path):
    def write(content, name="train-images-idx3-ubyte.gz"):
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return write


def test_values_come_back_in_order(write):
    np.testing.assert_array_equal(read_idx(write(packed(IMAGES)), 3), IMAGES)
    np.testing.assert_array_equal(read_idx(str(write(packed([7, 0, 255]))), 1), [7, 0, 255])
    np.testing.assert_array_equal(read_idx(write(gzip.decompress(packed(IMAGES))), 3), IMAGES)


def test_a_pair(write):
    images, labels = read_pair(
        write(packed(IMAGES)), write(packed([5, 1]), "train-labels-idx1-ubyte.gz")
    )
    assert images.shape == (2, 3, 4)
    assert labels.tolist() == [5, 1]
    assert images.dtype == labels.dtype == np.uint8


DAMAGE = {
    "not gzip": (b"<html>not found</html>", "not a sound gzip file"),
    "empty": (b"", "starts with nothing"),
    "unpacked and cut off": (gzip.decompress(packed(IMAGES))[:-1], "but 23 bytes follow"),
    "cut off": (packed(IMAGES)[:-9], "the file is cut off; download the file again"),
    "checksum": (packed(IMAGES)[:-8] + bytes(8), "not a sound gzip file"),
    "deflate stream": (packed(IMAGES)[:10] + b"\xff" * 20, "the file is damaged"),
    "not idx": (gzip.compress(b"hello, world"), "this is no idx file .it starts with 68 65 6c 6c."),
    "too short": (gzip.compress(b"\0\0"), "this is no idx file"),
    "first bytes": (packed(IMAGES, start=b"\1\0"), "this is no idx file"),
    "type": (packed(IMAGES, kind=0x0D), "values of type 0x0d are not supported"),
    "labels": (packed([1, 2, 3]), "holds labels where images should be; exchange the files"),
    "two dimensions": (packed(IMAGES[0]), "holds 2 dimensions where images should be"),
    "header": (gzip.compress(b"\0\0\x08\x03\0\0\0\1"), "ends inside its header"),
    "too few": (packed(IMAGES, shape=(3, 3, 4)), "promises 3 x 3 x 4 values, but 24 bytes follow"),
    "too many": (packed(IMAGES, shape=(1, 3, 4)), "promises 1 x 3 x 4 values, but 24 bytes follow"),
    "overflow": (
        packed(IMAGES, shape=(2**31, 2**31, 4)),
        "promises 2147483648 x 2147483648 x 4 values",
    ),
    "no image": (packed(IMAGES[:0]), "promises 0 x 3 x 4 values"),
}


@pytest.mark.parametrize(("content", "message"), DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_is_one_line_with_the_file(write, content, message):
    path = write(content)
    with pytest.raises(DataError, match=message) as caught:
        read_idx(path, 3)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_swapped_and_unequal_pairs(write):
    images = write(packed(IMAGES))
    labels = write(packed([5, 1]), "train-labels-idx1-ubyte.gz")
    with pytest.raises(DataError, match="holds labels where images should be"):
        read_pair(labels, images)
    with pytest.raises(DataError, match="holds images where labels should be"):
        read_pair(images, images)
    other = write(packed([1, 2, 3]), "t10k-labels-idx1-ubyte.gz")
    with pytest.raises(
        DataError, match=r"holds 2 images, but .*t10k-labels.* holds 3 labels; take both"
    ):
        read_pair(images, other)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(DataError, match=r"none\.gz: there is no such file; put it there"):
        read_idx(tmp_path / "none.gz", 3)
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(tmp_path, 3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.integers(0, 200), value=st.integers(0, 255))
def test_a_wrong_byte_never_gives_wrong_values(write, where, value):
    sound = bytearray(packed(IMAGES))
    sound[where % len(sound)] = value
    path = write(bytes(sound))
    try:
        values = read_idx(path, 3)
    except DataError as error:
        values, message = IMAGES, str(error)
    else:
        message = str(path)
    np.testing.assert_array_equal(values, IMAGES)
    assert message.startswith(str(path))
