"""The service: an HTTP interface and a page over a network, its run and the samples one draws."""

from tenfold.server.app import create_app

__all__ = ["create_app"]
