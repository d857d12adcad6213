"""Counters of the service in the text format of Prometheus."""

from __future__ import annotations

import os
from collections.abc import Iterable

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)

from tenfold.server.settings import METRICS_FOLDER

CONTENT_TYPE = CONTENT_TYPE_LATEST

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)  # seconds
_OTHER = "other"


class Metrics:
    """Counters of one service, summed over its worker processes."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._paths: frozenset[str] = frozenset()
        self._requests = Counter(
            "tenfold_requests", "Number of requests.", ["path", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "tenfold_request_seconds",
            "Seconds from the headers of a request to the end of its response.",
            ["path"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.images = Counter(
            "tenfold_images", "Number of images classified by /v1/predict.", registry=self.registry
        )
        # Looking up a labelled child costs more than updating it.
        self._children: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    def set_paths(self, paths: Iterable[str]) -> None:
        """Set the paths that are counted by name.

        All other paths are counted as "other": clients must not be able to create labels.
        """
        self._paths = frozenset(path for path in paths if "{" not in path)

    def observe(self, path: str, status: int, seconds: float) -> None:
        """Count one request.

        Args:
            path: of the request.
            status: of the response; 0 if the client disconnected before it.
            seconds: until the end of the response.
        """
        path = path if path in self._paths else _OTHER
        child = self._children.get((path, status))
        if child is None:
            child = (self._requests.labels(path, str(status)), self._seconds.labels(path))
            self._children[path, status] = child
        child[0].inc()
        child[1].observe(seconds)

    def text(self) -> bytes:
        """Return all counters, including those of the other worker processes."""
        if METRICS_FOLDER in os.environ:
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            return generate_latest(registry)
        return generate_latest(self.registry)
