"""Faster programs on CPUs: lowering rules, fusion, and compiled kernels."""
