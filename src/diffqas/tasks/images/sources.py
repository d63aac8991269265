"""Where MNIST and FashionMNIST come from: file names, checksums, mirrors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

TRAIN = ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")
TEST = ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")
FILES = (*TRAIN, *TEST)
"""Both data sets use the same four names."""


@dataclass(frozen=True)
class Source:
    """A data set that is handed out as files.

    Attributes:
        title: its name in sentences.
        folder: its folder inside a data folder, torchvision's name.
        md5: published MD5 checksum by file name; its keys are the files.
        mirrors: addresses that end before the file name, tried in this order.
        classes: what the labels 0, 1, .. mean.
        unpacked: MD5 checksum of what the published file holds, by file name: that of a file which
            was unpacked, or packed anew by another program.
        pixels: height and width of an image; None: any.
    """

    title: str
    folder: str
    md5: Mapping[str, str]
    mirrors: tuple[str, ...]
    classes: tuple[str, ...]
    unpacked: Mapping[str, str] = field(default_factory=dict)
    pixels: tuple[int, int] | None = None


MNIST = Source(
    title="MNIST",
    folder="MNIST",
    md5=MappingProxyType(
        {
            "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
            "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
            "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
        }
    ),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    classes=tuple("0123456789"),
    unpacked=MappingProxyType(
        {
            "train-images-idx3-ubyte.gz": "6bbc9ace898e44ae57da46a324031adb",
            "train-labels-idx1-ubyte.gz": "a25bea736e30d166cdddb491f175f624",
            "t10k-images-idx3-ubyte.gz": "2646ac647ad5339dbf082846283269ea",
            "t10k-labels-idx1-ubyte.gz": "27ae3e4e09519cfbb04c329615203637",
        }
    ),
    pixels=(28, 28),
)

FASHION_MNIST = Source(
    title="FashionMNIST",
    folder="FashionMNIST",
    md5=MappingProxyType(
        {
            "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
            "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
            "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
        }
    ),
    # The second is the data set's own repository.
    mirrors=(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ),
    classes=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    unpacked=MappingProxyType(
        {
            "train-images-idx3-ubyte.gz": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
            "train-labels-idx1-ubyte.gz": "9018921c3c673c538a1fc5bad174d6f9",
            "t10k-images-idx3-ubyte.gz": "8181f5470baa50b63fa0f6fddb340f0a",
            "t10k-labels-idx1-ubyte.gz": "15d484375f8d13e6eb1aabb0c3f46965",
        }
    ),
    pixels=(28, 28),
)

SOURCES: Mapping[str, Source] = MappingProxyType({"mnist": MNIST, "fashion-mnist": FASHION_MNIST})
"""Sources by the names of the command line."""
