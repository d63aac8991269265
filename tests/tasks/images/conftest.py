"""Small data sets in the published format; no test reads or writes the user's cache."""

import gzip
import hashlib
import os
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from diffqas.tasks.images.sources import TEST, TRAIN, Source


def idx(values):
    values = np.asarray(values, dtype=np.uint8)
    header = struct.pack(f">2xBB{values.ndim}I", 8, values.ndim, *values.shape)
    return gzip.compress(header + values.tobytes(), mtime=0)


@dataclass(frozen=True)
class Small:
    """Random 6x6 images with the labels 0..9 in turn, as arrays and as four packed files."""

    images: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]
    files: dict[str, bytes]

    def source(self, *mirrors: str) -> Source:
        md5 = {name: hashlib.md5(content).hexdigest() for name, content in self.files.items()}
        return Source("Small", "Small", md5, mirrors, tuple("abcdefghij"))

    def write(self, folder: Path, names=None) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for name in self.files if names is None else names:
            (folder / name).write_bytes(self.files[name])
        return folder


def make_small(seed: int) -> Small:
    random = np.random.default_rng(seed)
    images, labels, files = {}, {}, {}
    for part, names, count in (("train", TRAIN, 50), ("test", TEST, 30)):
        images[part] = random.integers(0, 256, (count, 6, 6), dtype=np.uint8)
        labels[part] = (np.arange(count) % 10).astype(np.uint8)
        files |= {names[0]: idx(images[part]), names[1]: idx(labels[part])}
    return Small(images, labels, files)


@pytest.fixture(scope="session")
def small():
    return make_small(0)


@pytest.fixture(scope="session")
def other():
    return make_small(1)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setattr("diffqas.tasks.images.download.cache_folder", lambda: folder)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("DIFFQAS_DATA", raising=False)
    return folder


@pytest.fixture
def real_data(monkeypatch):
    """The folder with the published files, as the environment named it when the tests began."""
    if ORIGINAL is None:
        pytest.skip("DIFFQAS_DATA names no folder with the published MNIST and FashionMNIST files")
    monkeypatch.setenv("DIFFQAS_DATA", ORIGINAL)
    return Path(ORIGINAL)


ORIGINAL = os.environ.get("DIFFQAS_DATA")
