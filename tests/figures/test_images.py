"""Galleries of images, of predictions and of weights."""

import io

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from tenfold import figures
from tenfold.core.errors import InputError


def _digits(n: int, height: int = 28, width: int = 28) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, height, width), dtype=np.uint8)


def _decode(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def _texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def _shown(figure: Figure) -> np.ndarray:
    """The pictures of weights, without the scale below them."""
    return np.stack([image.get_array() for image in figure.axes[0].images[:-1]])


@pytest.mark.parametrize("n", [1, 3, 10, 50])
def test_gallery_holds_every_image_and_title_in_order(n):
    images = _digits(n)
    figure = figures.gallery(images, range(n))
    shown = [artist.get_array()[..., 0] for artist in figure.axes[0].images]
    np.testing.assert_array_equal(shown, images)
    assert _texts(figure) == [str(i) for i in range(n)]


@pytest.mark.parametrize("titles", [None, ["5", "two\nlines", "a title wider than its image"]])
@pytest.mark.parametrize("shape", [(28, 28), (20, 33)])
def test_every_image_pixel_is_a_whole_square_of_output_pixels(titles, shape):
    images = _digits(3, *shape)
    figure = figures.gallery(images, titles, columns=2)
    png = _decode(figures.to_png(figure))
    for artist, image in zip(figure.axes[0].images, images, strict=True):
        left, right, bottom, top = map(int, artist.get_extent())
        scale = (right - left) // shape[1]
        expected = image.repeat(scale, axis=0).repeat(scale, axis=1)
        for channel in range(3):
            np.testing.assert_array_equal(png[top:bottom, left:right, channel], expected)


def test_gallery_shows_floats_as_the_bytes_they_came_from():
    images = _digits(2)
    bytes_, floats = (figures.to_png(figures.gallery(x)) for x in (images, images / 255))
    np.testing.assert_array_equal(_decode(bytes_), _decode(floats))


def test_gallery_takes_one_image_and_a_channel_axis():
    images = _digits(1)
    plain = figures.to_png(figures.gallery(images))
    assert plain == figures.to_png(figures.gallery(images[0]))
    assert plain == figures.to_png(figures.gallery(images[..., None]))


def test_gallery_fills_rows_from_the_left():
    figure = figures.gallery(_digits(5), columns=2)
    corners = [(a.get_extent()[0], a.get_extent()[3]) for a in figure.axes[0].images]
    lefts, tops = zip(*corners, strict=True)
    assert len(set(lefts)) == 2
    assert lefts[0] == lefts[2] == lefts[4]
    assert tops[0] == tops[1] < tops[2] == tops[3] < tops[4]


@pytest.mark.parametrize("columns", [1, 4, 10])
def test_titles_stay_inside_the_picture_and_clear_of_each_other(columns):
    figure = figures.gallery(_digits(12), [*FASHION, "WWWWWWWWWWWW", "g"], columns=columns)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert all(figure.bbox.x0 <= b.x0 and b.x1 <= figure.bbox.x1 for b in boxes[:-2])
    assert not any(a.overlaps(b) for i, a in enumerate(boxes[:10]) for b in boxes[:i])


def test_gallery_colours_titles():
    figure = figures.gallery(_digits(2), "ab", title_colors=["red", figures.BLUE])
    assert [text.get_color() for text in figure.axes[0].texts] == ["red", figures.BLUE]


def test_predictions_name_prediction_confidence_and_label():
    probabilities = [[0.1, 0.9], [0.7, 0.3], [0.00001, 0.99999]]
    figure = figures.predictions(_digits(3), probabilities, [1, 1, 1], ["cat", "dog"])
    assert _texts(figure) == [
        "dog  90.0 %\nlabel dog",
        "✗ cat  70.0 %\nlabel dog",
        "dog  > 99.9 %\nlabel dog",
    ]
    assert figure.get_label() == "Predictions for 3 images, 1 wrong"


def test_wrong_predictions_are_marked_by_more_than_colour():
    figure = figures.predictions(_digits(2), [[0.1, 0.9], [0.7, 0.3]], [1, 1])
    right, wrong = figure.axes[0].texts
    assert wrong.get_text().startswith("✗")
    assert (right.get_weight(), wrong.get_weight()) == ("normal", "bold")
    (frame,) = figure.axes[0].patches
    left, edge, _, _ = figure.axes[0].images[1].get_extent()
    assert frame.get_x() < left < edge < frame.get_x() + frame.get_width()


def test_predictions_without_labels_mark_nothing():
    figure = figures.predictions(_digits(2), [[0.1, 0.9], [0.7, 0.3]])
    assert _texts(figure) == ["1  90.0 %", "0  70.0 %"]
    assert not figure.axes[0].patches


def test_weights_can_be_read_back_from_their_colours():
    weights = np.random.default_rng(0).normal(size=(3, 5, 4))
    weights[0, 0, 0] = 0
    shown = _shown(figures.weights(weights))
    np.testing.assert_array_equal(shown[0, 0, 0], [255, 255, 255])
    depth = 1 - shown / 255
    blue, vermillion = (1 - np.array(to_rgb(c)) for c in (figures.BLUE, figures.VERMILLION))
    full = np.where(weights[..., None] < 0, blue, vermillion)
    largest = np.abs(weights).max()
    np.testing.assert_allclose(depth, full * np.abs(weights[..., None]) / largest, atol=1 / 255)


@pytest.mark.parametrize(("n", "text"), [(12, "12"), (64, "64"), (512, "64 of 512")])
def test_weights_show_64_at_most_and_report_it(n, text):
    figure = figures.weights(np.full((n, 5, 5), 0.25), titles=range(n))
    assert len(_shown(figure)) == min(n, 64)
    assert figure.get_label() == f"Weights, {text}, colours from -0.25 to 0.25"
    *titles, low, high = _texts(figure)
    assert titles == [str(i) for i in range(min(n, 64))]
    assert (low, high) == ("\N{MINUS SIGN}0.25", "+0.25")


@pytest.mark.parametrize("n", [1, 64])
def test_the_scale_of_weights_stays_inside_the_picture(n):
    figure = figures.weights(np.full((n, 28, 28), -0.00123), columns=16)
    figure.draw_without_rendering()
    *_, scale = figure.axes[0].images
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert all(figure.bbox.x0 <= b.x0 and b.x1 <= figure.bbox.x1 for b in boxes)
    assert boxes[0].x1 < scale.get_window_extent().x0 < scale.get_window_extent().x1 < boxes[1].x0


FASHION = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
]
SQUARE = np.zeros((2, 28, 28))
BAD = {
    "no images": (figures.gallery, (np.zeros((0, 28, 28)),), "1 to 1000 images, got 0"),
    "too many images": (figures.gallery, (np.zeros((1001, 2, 2)),), "got 1001"),
    "ragged images": (figures.gallery, ([[[1, 2]], [[1]]],), "one size"),
    "flat images": (figures.gallery, (np.zeros(784),), "got (784,)"),
    "two channels": (figures.gallery, (np.zeros((2, 28, 28, 2)),), "got (2, 28, 28, 2)"),
    "no pixels": (figures.gallery, (np.zeros((2, 0, 28)),), "got (2, 0, 28)"),
    "wide integers": (figures.gallery, (SQUARE.astype(int),), "got int64"),
    "bytes as floats": (figures.gallery, (SQUARE + 255,), "[0, 1], got 255.0"),
    "nan pixels": (figures.gallery, (SQUARE * np.nan,), "got nan"),
    "no columns": (figures.gallery, (SQUARE, None, 0), "columns must be at least 1"),
    "too tall": (figures.gallery, (np.zeros((500, 28, 28)), None, 1), "other columns"),
    "titles missing": (figures.gallery, (SQUARE, ["one"]), "titles has 1 entries for 2 images"),
    "colours missing": (figures.gallery, (SQUARE, "ab", 2, ["red"]), "title_colors has 1"),
    "row missing": (figures.predictions, (SQUARE, [[0.5, 0.5]]), "1 rows for 2 images"),
    "nan": (figures.predictions, (SQUARE, [[np.nan, 1], [0, 1]]), "finite"),
    "no rows": (figures.predictions, (SQUARE, [0.5, 0.5]), "[n, classes]"),
    "label missing": (figures.predictions, (SQUARE, np.eye(2), [0]), "labels must be 2 integers"),
    "label too large": (
        figures.predictions,
        (SQUARE, np.eye(2), [0, 2]),
        "from 0 to 1, got 0 to 2",
    ),
    "name missing": (
        figures.predictions,
        (SQUARE, np.eye(2), None, ["a"]),
        "name 2 classes, got 1",
    ),
    "one filter": (figures.weights, (np.zeros((5, 5)),), "[n, height, width], got (5, 5)"),
    "no filters": (figures.weights, (np.zeros((0, 5, 5)),), "got (0, 5, 5)"),
    "whole weights": (figures.weights, (np.zeros((1, 5, 5), int),), "floats, got int64"),
    "nan weights": (figures.weights, (np.full((1, 5, 5), np.nan),), "finite"),
    "few titles": (figures.weights, (SQUARE, 16, ["a"]), "titles has 1 entries for 2"),
}


@pytest.mark.parametrize(("function", "arguments", "words"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_in_one_line(function, arguments, words):
    with pytest.raises(InputError) as caught:
        function(*arguments)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
