"""What the service allows."""

from __future__ import annotations

from dataclasses import dataclass, field

from tenfold.core import limits

HOST, PORT = "127.0.0.1", 8010


@dataclass(frozen=True)
class Limits:
    """How much one request, and one client, may ask for.

    Attributes:
        body: bytes of a request.
        headers: bytes of a request before its body.
        pixels: of a picture, before it is decoded.
        images: of a request.
        header_seconds: within which the headers of a request must be there.
        body_seconds: within which its body must be there.
        request_seconds: within which it is answered.
        connections: at once, of one process.
        held: bytes of bodies that one process holds at once, of all callers.
        waiting: callers who wait for a picture to be read, or for an explanation.
    """

    body: int = limits.MAX_REQUEST_BYTES
    headers: int = 16 << 10
    pixels: int = limits.MAX_PICTURE_PIXELS
    images: int = limits.MAX_REQUEST_IMAGES
    header_seconds: float = 10.0
    body_seconds: float = 30.0
    request_seconds: float = 60.0
    connections: int = 500
    held: int = 128 << 20
    waiting: int = 64


@dataclass(frozen=True)
class Settings:
    """Who may call the service, and how much they may ask for.

    Attributes:
        token: what a caller must show; None where only this machine can call.
        hosts: names, besides this machine's own and plain addresses, under which it is called.
        public: whether it listens beyond this machine.
        limits: of requests.
    """

    token: str | None = None
    hosts: tuple[str, ...] = ()
    public: bool = False
    limits: Limits = field(default_factory=Limits)
