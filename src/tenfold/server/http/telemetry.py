"""What the service counts, in the text format of Prometheus."""

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

TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_OTHER = "other"


class Metrics:
    """Counters of one service, over all its worker processes."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._paths: frozenset[str] = frozenset()
        self._requests = Counter(
            "tenfold_requests", "Requests answered.", ["path", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "tenfold_request_seconds",
            "Seconds from the headers to the end of the answer.",
            ["path"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.images = Counter(
            "tenfold_images", "Images of the network's size answered.", registry=self.registry
        )
        self._children: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    def name_paths(self, paths: Iterable[str]) -> None:
        """Count these by name; all else is "other", so that callers make no names."""
        self._paths = frozenset(path for path in paths if "{" not in path)

    def seen(self, path: str, status: int, seconds: float) -> None:
        """Count an answer; status 0 is a caller who left."""
        path = path if path in self._paths else _OTHER
        found = self._children.get((path, status))
        if found is None:
            found = (self._requests.labels(path, str(status)), self._seconds.labels(path))
            self._children[path, status] = found
        found[0].inc()
        found[1].observe(seconds)

    def text(self) -> bytes:
        """All counters, those of other workers included."""
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            everyone = CollectorRegistry()
            multiprocess.MultiProcessCollector(everyone)  # type: ignore[no-untyped-call]
            return generate_latest(everyone)
        return generate_latest(self.registry)
