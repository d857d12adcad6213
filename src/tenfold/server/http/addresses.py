"""The address that the service listens at, and who has it where it is taken."""

from __future__ import annotations

import errno
import ipaddress
import socket
from pathlib import Path

from tenfold.core.errors import InputError

_LISTENING = "0A"
_NEAR = 50
"""Ports among which a free one is sought."""


def is_local(host: str) -> bool:
    """Whether only this machine can call at a host.

    Example:
        >>> is_local("127.0.0.1"), is_local("localhost"), is_local("0.0.0.0")
        (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host: str, port: int, count: int = 1) -> list[socket.socket]:
    """Sockets that listen at one address, over which the system spreads who connects.

    Args:
        host: a name or address of this machine.
        port: 0 for a free one.
        count: one a process.

    Raises:
        InputError: the address is taken, reserved, or not this machine's.
    """
    family, place = _resolved(host, port)
    with _bound(family, place, shared=False) as alone:  # fails where another one shares the port
        place = (place[0], alone.getsockname()[1])
        if count == 1:
            alone.listen(512)
            return [socket.socket(fileno=alone.detach())]
    sockets = [_bound(family, place, shared=True) for _ in range(count)]
    for one in sockets:
        one.listen(512)
    return sockets


def _resolved(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        raise InputError(
            f"--host {host}: no address of that name; give 127.0.0.1 or 0.0.0.0"
        ) from None
    return found[0][0], (str(found[0][4][0]), port)


def _bound(family: socket.AddressFamily, place: tuple[str, int], shared: bool) -> socket.socket:
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        found.bind(place)
        found.listen(1) if not shared else None
    except OSError as error:
        found.close()
        raise InputError(_told(family, place, error)) from None
    found.setblocking(False)
    return found


def _told(family: socket.AddressFamily, place: tuple[str, int], error: OSError) -> str:
    host, port = place
    if error.errno == errno.EADDRINUSE:
        by, free = owner(port), free_port(host, port + 1, family)
        advice = f"--port {free} is free" if free else "give another --port"
        return f"port {port} is taken{f' by {by}' if by else ''}; {advice}"
    if error.errno == errno.EACCES:
        return f"port {port} is reserved for the system; give a --port from 1024"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"--host {host}: not an address of this machine; give 127.0.0.1 or 0.0.0.0"
    return f"{host}:{port}: cannot listen there ({error.strerror}); give another --port"


def free_port(host: str, port: int, family: socket.AddressFamily = socket.AF_INET) -> int | None:
    """The first port from this one on that nobody listens at; None where none is near."""
    for other in range(port, min(port + _NEAR, 65536)):
        with socket.socket(family, socket.SOCK_STREAM) as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                attempt.bind((host, other))
            except OSError:
                continue
            return other
    return None


def owner(port: int) -> str | None:
    """The process that listens at a port, where the system tells: its number and command."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        try:
            rows = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        except OSError:
            return None
        for row in rows:
            fields = row.split()
            if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            held = str(link.readlink()) in inodes
        except OSError:  # ended meanwhile, or another user's
            continue
        if held:
            return _command(link.parts[2])
    return None


def _command(process: str) -> str:
    try:
        words = Path(f"/proc/{process}/cmdline").read_text().split("\0")
    except OSError:
        return f"process {process}"
    return f"process {process} ({' '.join(words).strip()[:80]})"
