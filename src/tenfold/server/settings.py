"""Settings of the service: who may call it, and the limits on requests."""

from __future__ import annotations

from dataclasses import dataclass, field

from tenfold.core import limits

HOST, PORT = "127.0.0.1", 8010

METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable with the folder in which worker processes share their counters."""


TRAINING_FOLDER = ".training"
"""In the folder of the samples: the state of a training from the page. ``tenfold.load`` ignores
hidden folders."""

TEACHER, PUPIL = "teacher", "pupil"
"""Roles of clients: teachers may call everything, pupils draw and read."""


@dataclass(frozen=True)
class Limits:
    """Limits on requests and connections.

    Attributes:
        body_bytes: size of the body of a request.
        header_bytes: size of the request line and headers.
        picture_pixels: width times height of a picture, checked before it is decoded.
        images: number of images in a request.
        header_seconds: time until the headers of a request are complete.
        body_seconds: time until its body is complete.
        response_seconds: time from the complete request to the end of the response.
        connections: open connections of one worker process.
        buffered_bytes: bodies that one worker process holds in memory at once.
        queue_length: requests that wait in one queue for a slow job, such as reading a picture;
            fewer if they would not be answered within ``response_seconds``.
        read_seconds: processor time of one picture; then the best reading so far is returned.
        hold_seconds: the same in time on the clock, for machines that are busy with other work.
        readers: processes of one worker process that read pictures.
    """

    body_bytes: int = limits.MAX_REQUEST_BYTES
    header_bytes: int = 16 << 10
    picture_pixels: int = limits.MAX_PICTURE_PIXELS
    images: int = limits.MAX_REQUEST_IMAGES
    header_seconds: float = 10.0
    body_seconds: float = 30.0
    response_seconds: float = 60.0
    connections: int = 500
    buffered_bytes: int = 128 << 20
    queue_length: int = 64
    read_seconds: float = 5.0
    hold_seconds: float = 10.0
    readers: int = 2


@dataclass(frozen=True)
class Settings:
    """Settings of one service.

    Attributes:
        token: bearer token that each request must carry; None for no authentication.
        pupil_token: token of clients who only draw and read; None without such clients.
        hosts: names that the ``Host`` header may carry besides ``localhost`` and IP addresses.
        public: whether the service listens beyond the loopback interface.
        limits: the limits on requests.
    """

    token: str | None = None
    pupil_token: str | None = None
    hosts: tuple[str, ...] = ()
    public: bool = False
    limits: Limits = field(default_factory=Limits)
