"""Convolution with relu and max-pooling in C++, where the installation could compile it."""

from tenfold.engine.cpu.kernels.convolution import Layer, convolve
from tenfold.engine.cpu.kernels.loading import Library, library

__all__ = ["Layer", "Library", "convolve", "library"]
