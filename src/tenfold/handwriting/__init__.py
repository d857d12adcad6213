"""A photo, scan, screenshot or drawing -> the 28x28 images MNIST would have made of its digits."""

from tenfold.handwriting.mnist_crop import mnist_image
from tenfold.handwriting.pipeline import Page, find

__all__ = ["Page", "find", "mnist_image"]
