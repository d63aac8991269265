"""A checksum inside the file that it is of: in the comment with which a ZIP archive may end.

`torch.save` writes ZIP archives, so a sealed file is still one that `torch.load` reads, and one
written without a seal is still read.
"""

from __future__ import annotations

import hashlib
import struct

MARK = b"sha256:"
END = b"PK\x05\x06"
"""With these bytes the last record of a ZIP archive begins; without a comment it is 22 bytes long."""


def seal(archive: bytes) -> bytes:
    """The same archive with the checksum of what stands before it as its comment.

    >>> import io, zipfile
    >>> buffer = io.BytesIO()
    >>> with zipfile.ZipFile(buffer, "w") as file:
    ...     file.writestr("a", "b")
    >>> sealed = seal(buffer.getvalue())
    >>> zipfile.ZipFile(io.BytesIO(sealed)).read("a"), fault(sealed), fault(sealed[:-1])
    (b'b', None, 'it is cut off or was changed')
    """
    body = archive[:-2] + struct.pack("<H", len(MARK) + 64)
    return body + MARK + hashlib.sha256(body).hexdigest().encode()


def fault(content: bytes) -> str | None:
    """What is wrong with the bytes of a file, None if nothing is or if it was written without a
    seal.
    """
    body, mark, digest = content[: -64 - len(MARK)], content[-64 - len(MARK) : -64], content[-64:]
    if mark == MARK:
        sound = hashlib.sha256(body).hexdigest().encode() == digest
        return None if sound else "its checksum is wrong"
    # An archive that ends without a comment never had a seal.
    unsealed = content[-22:-18] == END and content[-2:] == b"\0\0"
    return None if unsealed else "it is cut off or was changed"
