"""Fused convolution, ReLU and max-pooling in C++, if a compiler was there at installation."""

from tenfold.engine.cpu.kernels.convolution import Layer, convolve
from tenfold.engine.cpu.kernels.loading import Library, library

__all__ = ["Layer", "Library", "convolve", "library"]
