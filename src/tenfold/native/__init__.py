"""Convolution with relu and max-pooling in C++, where the installation could compile it."""

from tenfold.native.convolution import Layer, convolve
from tenfold.native.loading import Library, library

__all__ = ["Layer", "Library", "convolve", "library"]
