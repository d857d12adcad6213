"""Running the service: its address, its processes, its end."""

from __future__ import annotations

import contextlib
import secrets
import socket
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from tenfold.core.errors import InputError
from tenfold.data.samples import locked
from tenfold.server.http.addresses import is_local, listen
from tenfold.server.settings import Settings
from tenfold.server.target import Subject, choose
from tenfold.server.workers import Crew

SHORTEST = 8
"""Characters of a token."""


@dataclass(frozen=True)
class Place:
    """Where the service listens, and with how many processes."""

    host: str
    port: int
    workers: int


def run(what: Path | None, samples: Path | None, place: Place, settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; what is in flight then is still answered.

    Raises:
        InputError: the address is taken, the samples are another server's or cannot be written,
            or what is to be served cannot be used.
    """
    settings = guarded(place.host, settings)
    with contextlib.ExitStack() as held:
        sockets = listen(place.host, place.port, place.workers)
        for one in sockets:
            held.enter_context(one)
        subject = choose(what)
        folder = subject.samples if samples is None else samples
        held.enter_context(locked(folder))
        lines = _opening(place.host, sockets[0].getsockname()[1], subject, folder, settings)
        if place.workers == 1:
            from tenfold.server.serving import serve

            serve(subject, folder, settings, sockets[0], lambda: _say(lines))
        else:
            # This process only looks after the others, and stays small.
            with Crew(what, folder, settings, sockets) as crew:
                _say(lines)
                crew.watch()


def guarded(host: str, settings: Settings) -> Settings:
    """Settings that fit a host: beyond this machine there is a token, and the machine's name.

    Raises:
        InputError: the token is too short.
    """
    if settings.token is not None and not (
        len(settings.token) >= SHORTEST and settings.token.isascii() and settings.token.isalnum()
    ):
        raise InputError(
            f"--token: give {SHORTEST} letters and digits at least, or leave it out beside --host, "
            "and one is made"
        )
    if is_local(host):
        return settings
    own = socket.gethostname().lower()
    hosts = (*settings.hosts, host.lower(), own, f"{own}.local")
    return replace(
        settings, public=True, hosts=hosts, token=settings.token or secrets.token_hex(16)
    )


def _opening(
    host: str, port: int, subject: Subject, samples: Path, settings: Settings
) -> list[str]:
    """What to tell once the service answers."""
    shown = f"[{host}]" if ":" in host else host
    if host in ("0.0.0.0", "::"):  # noqa: S104
        shown = socket.gethostname()
    secret = f"/?token={settings.token}" if settings.token else ""
    answering = "tenfold's own reader" if subject.source == "shipped" else subject.source
    if subject.waits:
        answering += f", until {subject.run} is trained"
    return [
        f"serves   {answering}",
        f"samples  {samples}",
        f"open     http://{shown}:{port}{secret}   (Ctrl-C stops it)",
    ]


def _say(lines: list[str]) -> None:
    for line in lines:
        print(line, file=sys.stderr, flush=True)  # noqa: T201
