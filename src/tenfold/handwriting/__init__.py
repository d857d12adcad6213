"""A photo, scan, screenshot or drawing -> the 28x28 images MNIST would have made of its digits."""

from tenfold.handwriting.page import Page, find
from tenfold.handwriting.shape import mnist_image

__all__ = ["Page", "find", "mnist_image"]
