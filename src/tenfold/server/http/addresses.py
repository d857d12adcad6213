"""The address that the service listens on, and the process that occupies it already."""

from __future__ import annotations

import errno
import ipaddress
import socket
from pathlib import Path

from tenfold.core.errors import InputError

BACKLOG = 512
"""Connections that wait to be accepted."""

_LISTEN = "0A"  # state of a socket in /proc/net/tcp
_PORTS_TRIED = 50


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect to a host.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
        (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Return a socket that listens on an address.

    Args:
        host: a name or address of this machine.
        port: 0 for any free port.
        shared: whether sockets of other processes may listen on the same address; Linux spreads
            the connections over them (``SO_REUSEPORT``).

    Raises:
        InputError: the address is taken, reserved, or belongs to another machine.
    """
    family, address = _resolve(host, port)
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        _bind(listener, address, shared)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise InputError(_reason(family, address, error)) from None
    listener.setblocking(False)
    return listener


def reserve(host: str, port: int) -> socket.socket:
    """Return a socket that keeps an address for shared listeners, and does not listen itself.

    Raises:
        InputError: as ``listen`` does.
    """
    with listen(host, port) as exclusive:  # fails if other processes share the address
        port = exclusive.getsockname()[1]
    family, address = _resolve(host, port)
    reserved = socket.socket(family, socket.SOCK_STREAM)
    _bind(reserved, address, shared=True)
    return reserved


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        raise InputError(
            f"--host {host}: no address of that name; give 127.0.0.1 or 0.0.0.0"
        ) from None
    return infos[0][0], (str(infos[0][4][0]), port)


def _bind(target: socket.socket, address: tuple[str, int], shared: bool) -> None:
    target.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        target.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    target.bind(address)


def _reason(family: socket.AddressFamily, address: tuple[str, int], error: OSError) -> str:
    host, port = address
    if error.errno == errno.EADDRINUSE:
        process, free = owner(port), free_port(host, port + 1, family)
        advice = f"--port {free} is free" if free else "give another --port"
        return f"port {port} is taken{f' by {process}' if process else ''}; {advice}"
    if error.errno == errno.EACCES:
        return f"port {port} is reserved for the system; give a --port from 1024"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"--host {host}: not an address of this machine; give 127.0.0.1 or 0.0.0.0"
    return f"{host}:{port}: cannot listen on this address ({error.strerror}); give another --port"


def free_port(host: str, port: int, family: socket.AddressFamily = socket.AF_INET) -> int | None:
    """Return the first free port from ``port`` on, or None if the next 50 are taken."""
    for candidate in range(port, min(port + _PORTS_TRIED, 65536)):
        with socket.socket(family, socket.SOCK_STREAM) as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                attempt.bind((host, candidate))
            except OSError:
                continue
            return candidate
    return None


def owner(port: int) -> str | None:
    """Return ID and command of the process that listens on a port, where Linux shows it."""
    sockets = set()
    for table in ("tcp", "tcp6"):
        try:
            rows = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        except OSError:
            return None
        for row in rows:
            fields = row.split()
            if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                sockets.add(f"socket:[{fields[9]}]")
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            is_owner = str(link.readlink()) in sockets
        except OSError:  # the process has ended, or belongs to another user
            continue
        if is_owner:
            return _describe(link.parts[2])
    return None


def _describe(process: str) -> str:
    try:
        words = Path(f"/proc/{process}/cmdline").read_text().split("\0")
    except OSError:
        return f"process {process}"
    return f"process {process} ({' '.join(words).strip()[:80]})"
