"""Sizes that tenfold works with, and limits on what it accepts from outside.

Import the module and read its attributes (``limits.IMAGE_SIDE``), so that each value has one
home and tests can replace it.
"""

IMAGE_SIDE = 28
"""Height and width, in pixels, of MNIST's images: of samples, crops of digits and `--resize`."""

MIN_IMAGE_SIDE, MAX_IMAGE_SIDE = 8, 128
"""Height and width, in pixels, that the images of a dataset may have."""

IMAGE_SHAPE = (IMAGE_SIDE, IMAGE_SIDE)

MAX_CLASSES = 10_000
"""Classes of a dataset; the largest sets of Chinese characters have 7,356."""

MAX_LABEL_LENGTH = 64
"""Characters of a class name that becomes the name of a folder."""

MAX_PICTURE_PIXELS = 50_000_000
"""Width times height of an image file, checked before it is decoded."""

MAX_PICTURE_SIDE = 2000
"""Pixels of the longer side; larger pictures are reduced to it before digits are detected.

A digit of 3 mm on A4 is then 20 pixels high.
"""

MAX_ARRAY_BYTES = 1 << 32
"""Bytes of one array that is read into memory, and of a CSV file."""

MAX_IDX_BYTES = 1 << 30
"""Bytes of one IDX file that is decompressed into memory."""

MAX_RESIDENT_BYTES = 1 << 29
"""Bytes of images held in memory or on the device at once; more stay memory-mapped."""

MAX_REQUEST_IMAGES = 1024
"""Images of one request for predictions."""

MAX_REQUEST_BYTES = 16 << 20
"""Bytes of the body of one request."""
