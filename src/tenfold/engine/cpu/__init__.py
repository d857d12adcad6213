"""Faster programs on CPUs.

- ``jaxpr``: evaluates traced functions with other rules
- ``lowering``: rules of convolution, max-pooling and random bits
- ``fusion``: finds convolutions to compute with their bias, ReLU and max-pooling
- ``flatten``: elementwise updates on flattened arrays
- ``kernels``: compiled convolution kernels
"""
