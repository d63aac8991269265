"""A knock at the door of a Ray cluster: Ray itself tries for minutes, and for ever where something
else listens.
"""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from diffqas.errors import RunError

SECONDS = 5.0
"""That a cluster has to answer."""

HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
"""How a client of gRPC, which Ray speaks, begins: the preface of HTTP/2 (RFC 9113, section 3.4) and
a frame of settings without any.
"""

FRAME_BYTES, SETTINGS = 9, 4
"""Of the head of a frame, whose fourth byte is its kind; a server begins with its settings."""


@dataclass(frozen=True)
class Door:
    """Where a cluster should be.

    Attributes:
        address: as Ray has it.
        told: who says so, for a message; empty: the person who asks.
    """

    address: str
    told: str = ""

    @property
    def place(self) -> tuple[str, int] | None:
        """Host and port; None of an address in another form, which is left to Ray."""
        host, _, port = self.address.removeprefix("ray://").rpartition(":")
        if not host or "//" in host or not (port.isascii() and port.isdigit()):
            return None
        return host.strip("[]"), int(port[:6])


def knock(address: str | None) -> None:
    """Tell within seconds that no Ray cluster answers at an address.

    Args:
        address: as for `ray.init`; None and "auto": the one that Ray would find by itself.

    Raises:
        RunError: nobody listens there, or it is no Ray cluster.
    """
    door = find_door(address)
    if door is None or door.place is None:
        return
    try:
        with socket.create_connection(door.place, timeout=SECONDS) as line:
            # With TLS only Ray, which has the certificates, can say more.
            if os.environ.get("RAY_USE_TLS", "0") == "0":
                _greet(line)
    except (OSError, OverflowError, UnicodeError) as error:
        raise RunError(
            f"Cannot reach the Ray cluster at {door.address}{door.told}: {error}. "
            "See docs/clusters.md."
        ) from None


def find_door(address: str | None) -> Door | None:
    """Where Ray would look for a cluster; None: it would begin one of its own.

    In this order: what was given, RAY_ADDRESS, the file that `ray start` leaves on a machine. The
    file stays behind when a machine is switched off.
    """
    if address not in (None, "auto"):
        return Door(address)
    named = os.environ.get("RAY_ADDRESS")
    if named:
        return Door(named, " (from RAY_ADDRESS)")
    file = _temporary() / "ray" / "ray_current_cluster"
    try:
        found = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError):
        return None
    return Door(found, f" (from {file}; `ray stop` clears it)")


def _temporary() -> Path:
    """The folder of temporary files, as Ray finds it."""
    names = ["RAY_TMPDIR"]
    if sys.platform.startswith("linux"):
        names.append("TMPDIR")
    for name in names:
        if name in os.environ:
            return Path(os.environ[name])
    return Path("/tmp")


def _greet(line: socket.socket) -> None:
    line.sendall(HELLO)
    head = b""
    while len(head) < FRAME_BYTES:
        received = line.recv(FRAME_BYTES - len(head))
        if not received:
            break
        head += received
    if len(head) < FRAME_BYTES or head[3] != SETTINGS:
        raise ConnectionError("what listens there is no Ray cluster")
