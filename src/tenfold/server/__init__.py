"""The service: an HTTP interface and a page over a network, its run and the samples one draws."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tenfold.server.app import create_app as create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> Any:
    """``create_app`` when first used: what stands beside it needs no FastAPI."""
    if name not in __all__:
        raise AttributeError(f"module 'tenfold.server' has no attribute {name!r}")
    from tenfold.server.app import create_app

    return create_app
