"""What the service prints when it starts: what it serves, and where to open it."""

from __future__ import annotations

import io
import socket
import sys
from pathlib import Path

from tenfold.server.settings import Settings
from tenfold.server.target import SHIPPED, Target

ALL_ADDRESSES = ("0.0.0.0", "::")  # noqa: S104
_ELSEWHERE = "192.0.2.1"  # for documentation; nothing is sent


def start_message(
    host: str, port: int, target: Target, samples: Path, settings: Settings
) -> list[str]:
    """Return the lines.

    Args:
        host: that the service listens on.
        port: of the service.
        target: what is served.
        samples: folder of the samples.
        settings: with the tokens.
    """
    model = "the packed reader" if target.source == SHIPPED else target.source
    if target.in_training:
        model += f", until the training of {target.run} is finished"
    lines = [f"serves   {model}", f"samples  {samples}"]
    stop = "   (Ctrl-C stops it)"
    if settings.pupil_token is None:
        return [*lines, f"open     {_address(host, port, settings.token)}{stop}"]
    pupils = _address(host, port, settings.pupil_token)
    return [
        *lines,
        f"teacher  {_address(host, port, settings.token)}{stop}",
        f"pupils   {pupils}",
        *_qr_code(pupils),
    ]


def _address(host: str, port: int, token: str | None) -> str:
    """Return the address for a browser; phones know no names of other machines."""
    shown = own_address() if host in ALL_ADDRESSES else host
    if ":" in shown:
        shown = f"[{shown}]"
    return f"http://{shown}:{port}{f'/?token={token}' if token else ''}"


def own_address() -> str:
    """Return the IP address of this machine in its network, or its name without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((_ELSEWHERE, 9))  # chooses the interface
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()


def _qr_code(address: str) -> list[str]:
    """Return a QR code of half blocks, or nothing if the console lacks these characters."""
    import segno

    text = io.StringIO()
    segno.make(address, micro=False).terminal(text, compact=True)
    try:
        text.getvalue().encode(sys.stderr.encoding or "ascii")
    except UnicodeEncodeError:
        return []
    return text.getvalue().rstrip("\n").split("\n")
