"""Tensors in files: with a checksum, without unpickling, and tied ones stored once.

`torch.save` writes a ZIP archive, which may end with a comment. The comment holds the checksum of
all that stands before it. So `torch.load` can still read a sealed file, and a file without a seal
can be read here, too. Torch is imported only when tensors are read or written, so that commands
which only list runs need not wait for it.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from diffqas.errors import DataError, RunError
from diffqas.storage.codec import State
from diffqas.storage.files import read_file, short, write_atomically

if TYPE_CHECKING:
    from torch import Tensor

MARK = b"sha256:"
SEAL = len(MARK) + 64
"""Bytes of the comment: the mark and 64 hexadecimal digits."""

STORABLE = {
    *("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"),
    *("float8_e4m3fn", "float8_e5m2", "float16", "bfloat16", "float32", "float64", "complex64"),
}
"""The dtypes that the safetensors format has."""

END = b"PK\x05\x06"
"""The first bytes of the last record of a ZIP archive. Without a comment that record has 22 bytes,
of which the last two say how long the comment is."""


def save_tensors(path: Path, state: State) -> None:
    """Save tensors, numbers and plain containers with a checksum, for `load_tensors`.

    Raises:
        RunError: as in `write_atomically`.
    """
    import torch

    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_atomically(path, seal(buffer.getvalue()))


def load_tensors(path: Path, remedy: str = "Start again with --overwrite.") -> State:
    """Load what `save_tensors` wrote, with `weights_only=True`, so that no code can run.

    Raises:
        RunError: the file cannot be read, is damaged or holds something else; the message ends with
            `remedy`.
    """
    import torch

    state = None
    try:
        content = read_file(path)
        damage = fault(content)
        if damage is None:
            damage = _packed(content)
        if damage is None:
            state = torch.load(io.BytesIO(content), weights_only=True)
            damage = _odd_part(state)
    except Exception as error:  # torch's own are of many kinds
        damage = short(error)
    if damage is None and not isinstance(state, dict):
        damage = "it holds no state"
    if damage is not None:
        raise RunError(f"Cannot read {path}: it is damaged ({damage}). {remedy}")
    return cast("State", state)


def _packed(content: bytes) -> str | None:
    """The fault of an archive with compressed parts, a small one of which may fill the memory.

    `torch.save` compresses nothing, so that such an archive was not written here.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if any(part.compress_type != zipfile.ZIP_STORED for part in archive.infolist()):
            return "it is compressed"
    return None


def _odd_part(state: object) -> str | None:
    """The part of a state that is never saved here, in words; None if there is none.

    Tensors that are sparse, quantised or nested cause errors in unforeseen places. A tensor that
    repeats a few numbers over and over is small in its file, and fills the memory once it is
    copied.
    """
    import torch

    # An own stack, and every container once: in a file a container may contain itself.
    stack, seen = [state], set[int]()
    while stack:
        part = stack.pop()
        if isinstance(part, (dict, list, tuple)):
            if id(part) in seen:
                continue
            seen.add(id(part))
            stack.extend(part.values() if isinstance(part, dict) else part)
        elif isinstance(part, torch.Tensor):
            if part.layout != torch.strided or part.is_quantized or part.is_meta or part.is_nested:
                return "a tensor in it is no ordinary one"
            if part.numel() * part.element_size() > part.untyped_storage().nbytes():
                return "a tensor in it repeats its numbers"
        elif part is not None and not isinstance(part, (bool, int, float, str)):
            return f"it holds a {type(part).__name__}"
    return None


def seal(archive: bytes) -> bytes:
    """The same archive with a comment that holds the checksum of all that stands before it.

    >>> import io, zipfile
    >>> buffer = io.BytesIO()
    >>> with zipfile.ZipFile(buffer, "w") as file:
    ...     file.writestr("a", "b")
    >>> sealed = seal(buffer.getvalue())
    >>> zipfile.ZipFile(io.BytesIO(sealed)).read("a"), fault(sealed), fault(sealed[:-1])
    (b'b', None, 'it is cut off or was changed')
    """
    body = archive[:-2] + struct.pack("<H", SEAL)
    return body + MARK + hashlib.sha256(body).hexdigest().encode()


def fault(content: bytes) -> str | None:
    """The damage of a file's bytes; None if there is none, or if it was written without a seal."""
    body, comment = content[:-SEAL], content[-SEAL:]
    if comment.startswith(MARK):
        sound = comment == MARK + hashlib.sha256(body).hexdigest().encode()
        return None if sound else "its checksum is wrong"
    # An archive that ends without a comment never had a seal.
    unsealed = content[-22:-18] == END and content[-2:] == b"\0\0"
    return None if unsealed else "it is cut off or was changed"


def untied(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Each tensor once, under the first of its names, with contiguous memory of its own.

    The safetensors format asks for this, as it stores no memory twice. Different views of the same
    memory are all kept. Sparse tensors become dense.

    Raises:
        DataError: a tensor has a dtype that the format does not have, or a value is no tensor.

    >>> import torch
    >>> weight = torch.ones(2, 3)
    >>> list(untied({"a": weight, "b": weight, "first row": weight[0], "turned": weight.T}))
    ['a', 'first row', 'turned']
    """
    # Found out before anything is copied: a copy no longer shows what it was tied to.
    firsts: dict[Hashable, str] = {}
    for name, tensor in state.items():
        check_storable(tensor, name)
        firsts.setdefault(identity(tensor), name)
    return {name: written_out(state[name], name).clone() for name in firsts.values()}


def written_out(tensor: Tensor, name: str) -> Tensor:
    """A tensor as dense, contiguous numbers on the CPU, which a safetensors file can hold.

    Args:
        tensor: sparse or dense, with any strides.
        name: the name of the tensor, for the message.

    Raises:
        DataError: the tensor has a dtype that the format does not have.
    """
    check_storable(tensor, name)
    plain = tensor.detach()
    if is_sparse(plain):
        plain = plain.to_dense()
    # A conjugate may be a view of the same memory with a mark.
    return plain.resolve_conj().resolve_neg().cpu().contiguous()


def check_storable(value: object, name: str) -> None:
    """Refuse what a safetensors file cannot hold: other dtypes, and values that are no tensors.

    Raises:
        DataError: the file cannot hold the value.
    """
    import torch

    if isinstance(value, torch.Tensor):
        kind = str(value.dtype).removeprefix("torch.")
        remedy = "cast it, or leave it out of the state (`register_buffer(..., persistent=False)`)"
    else:
        kind = f"a {type(value).__name__}"
        remedy = "leave it out of the state (`get_extra_state`)"
    if kind not in STORABLE:
        raise DataError(f"`{name}` is {kind}, which a safetensors file cannot hold: {remedy}.")


def is_sparse(tensor: Tensor) -> bool:
    """Whether a tensor is not dense, that is, has another layout than `torch.strided`."""
    import torch

    return tensor.layout is not torch.strided


def identity(tensor: Tensor) -> Hashable:
    """A key that two tensors share if, and only if, they are the same numbers in the same memory.

    The address of the first number alone is not enough: the first row of a matrix and its transpose
    begin at the same address as the matrix. Tensors without memory are told apart as objects.
    """
    if tensor.numel() == 0 or tensor.is_meta or is_sparse(tensor):
        return id(tensor)
    place = (tensor.device, tensor.data_ptr())
    return (*place, tensor.dtype, tuple(tensor.shape), tensor.stride())
