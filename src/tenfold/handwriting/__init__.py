"""A photo, scan, screenshot or drawing -> the digits in it, cropped as MNIST does, and read.

The steps, in the order of ``pipeline.detect_digits``:

picture         load a picture: RGB, upright
page_area       the page without what lies beside it
binarization    polarity, contrast, threshold -> ink
ruled_lines     remove ruled lines and frames
segmentation    ink -> one component per digit
mnist_crop      component -> crop of 28x28 pixels
classifier      crops -> probabilities and costs
shortest_path   cut doubtful components again
long_stems      classify long digits by their heads
close_crops     classify a close crop as one digit
reading_order   lines and numbers
ways            a picture read by rules of shape and by the network
reading         the more probable of the two; other networks than the reader
result          what was read: digits, numbers, the whole
table           the result as rows and columns
pages           many pictures, by an executor, to Parquet
annotation      the picture with the result drawn in

The other way is a network that finds and names digits, in ``detector_pipeline``:

contrast        level the light
detections      candidates for digits; which of them are one digit
detector        boxes, scores and classes of digits of any size; the selection
box_crops       the ink of each box

What both ways, the classifier and the ink around say of a detection is weighed in ``evidence``;
``choice`` is of the more probable reading.

``time_budget`` ends the steps of a picture that takes too long.
``strokes`` measures the width and slant of pen strokes, for several steps. The detector is trained
by ``scripts/make_detector.py``, the weights of evidence are fitted by ``scripts/make_evidence.py``.
``collect`` turns photos of the printed sheet into labelled images.
"""

from tenfold.handwriting.mnist_crop import mnist_image
from tenfold.handwriting.pipeline import DetectedDigits, detect_digits

__all__ = ["DetectedDigits", "detect_digits", "mnist_image"]
