import io
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from tenfold import figures
from tenfold.core.errors import InputError

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


def _digits(n: int, height: int = 28, width: int = 28) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, height, width), dtype=np.uint8)


def _history(epochs: int, seeds: int = 1, validation: bool = True) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        [(e, s) for s in range(seeds) for e in range(1, epochs + 1)], columns=["epoch", "seed"]
    )
    for name in ("loss", "val_loss")[: 1 + validation]:
        table[name] = 1 / table["epoch"] + 0.1 * rng.random(len(table))
        table[name.replace("loss", "accuracy")] = 1 - table[name] / 5
    return table


def _decode(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def _texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def _contrast(one: object, other: object) -> float:
    """Contrast ratio of WCAG 2.2."""
    luminances = []
    for color in (one, other):
        rgb = np.array(to_rgb(color))
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        luminances.append(linear @ (0.2126, 0.7152, 0.0722))
    return (max(luminances) + 0.05) / (min(luminances) + 0.05)


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


def test_learning_curves_draw_train_and_validation_of_one_seed():
    history = _history(5)
    figure = figures.learning_curves(history, "dense-512")
    assert figure.get_suptitle() == "dense-512"
    for axes, column in zip(figure.axes, ("loss", "accuracy"), strict=True):
        assert axes.get_title(loc="left") == column.capitalize()
        assert axes.get_xlabel() == "epoch"
        for line, source in zip(axes.lines, (column, f"val_{column}"), strict=True):
            np.testing.assert_allclose(line.get_xdata(), history["epoch"])
            np.testing.assert_allclose(line.get_ydata(), history[source])
    last = history.iloc[-1]
    assert _texts(figure) == [
        f"train\n{last['loss']:.4f}",
        f"validation\n{last['val_loss']:.4f}",
        f"train\n{100 * last['accuracy']:.2f} %",
        f"validation\n{100 * last['val_accuracy']:.2f} %",
    ]


def test_learning_curves_of_several_seeds_have_their_mean_and_band():
    history = _history(6, seeds=4)
    figure = figures.learning_curves(history)
    axes = figure.axes[0]
    by_epoch = history.groupby("epoch")["loss"]
    np.testing.assert_allclose(axes.lines[4].get_ydata(), by_epoch.mean())
    for seed, line in enumerate(axes.lines[:4]):
        np.testing.assert_allclose(line.get_ydata(), history["loss"][history["seed"] == seed])
    outline = axes.collections[0].get_paths()[0].vertices
    for epoch, low, high in zip(
        range(1, 7), by_epoch.mean() - by_epoch.std(), by_epoch.mean() + by_epoch.std(), strict=True
    ):
        heights = outline[outline[:, 0] == epoch, 1]
        assert (heights.min(), heights.max()) == pytest.approx((low, high))
    assert "mean of 4 seeds" in figure.get_supxlabel()


@pytest.mark.parametrize("drop", [True, False])
def test_learning_curves_without_validation_show_train_alone(drop):
    history = _history(3)
    if drop:
        history = history.drop(columns=["val_loss", "val_accuracy"])
    else:
        history[["val_loss", "val_accuracy"]] = np.nan
    figure = figures.learning_curves(history)
    assert [len(axes.lines) for axes in figure.axes] == [1, 1]
    assert "validation" not in figure.get_label()


@pytest.mark.parametrize("epochs", [1, 2, 5, 20, 60, 500])
def test_epochs_are_whole_numbers_from_one(epochs):
    figure = figures.learning_curves(_history(epochs))
    figure.draw_without_rendering()
    for axes in figure.axes:
        low, high = axes.get_xlim()
        ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
        assert ticks
        assert all(tick == int(tick) and 1 <= tick <= epochs for tick in ticks)


@pytest.mark.parametrize("spread", [1, 0.1, 0.01, 0.001])
def test_accuracy_ticks_are_told_apart(spread):
    history = _history(4)
    history["accuracy"] = 1 - spread * history["loss"] / 2
    history["val_accuracy"] = 1 - spread * history["val_loss"] / 2
    figure = figures.learning_curves(history)
    figure.draw_without_rendering()
    axes = figure.axes[1]
    for tick, label in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True):
        assert float(label.get_text().removesuffix(" %")) == pytest.approx(100 * tick, abs=1e-9)


def test_labels_of_close_curves_do_not_overlap():
    history = _history(5)
    history["val_loss"], history["val_accuracy"] = history["loss"], history["accuracy"]
    figure = figures.learning_curves(history)
    figure.draw_without_rendering()
    for axes in figure.axes:
        one, other = (text.get_window_extent() for text in axes.texts)
        assert not one.overlaps(other)
        assert figure.bbox.x1 >= max(one.x1, other.x1)


def test_a_training_that_diverged_says_so():
    history = _history(6)
    history.loc[history["epoch"] > 2, "loss"] = np.inf
    history["val_loss"] = history["loss"]
    figure = figures.learning_curves(history)
    assert _texts(figure)[:2] == ["train\ndiverged, epoch 3", "validation\ndiverged, epoch 3"]
    history["loss"] = history["val_loss"] = np.nan
    assert _texts(figures.learning_curves(history))[0] == "diverged: no finite value"


def test_one_diverged_seed_is_not_hidden_in_the_mean():
    history = _history(6, seeds=3)
    history.loc[(history["seed"] == 1) & (history["epoch"] > 4), "loss"] = np.nan
    figure = figures.learning_curves(history)
    assert _texts(figure)[0] == "train\n1 of 3 diverged"


def test_seeds_that_stopped_early_leave_the_mean_to_the_others():
    history = _history(6, seeds=3)
    history = history[(history["seed"] != 1) | (history["epoch"] <= 4)]
    figure = figures.learning_curves(history)
    mean = history.groupby("epoch")["loss"].mean()
    np.testing.assert_allclose(figure.axes[0].lines[3].get_ydata(), mean)
    assert "mean of 2 to 3 seeds" in figure.get_supxlabel()


def test_confusion_matrix_writes_each_count_in_its_cell():
    counts = np.array([[50, 3, 0], [2, 45, 1], [0, 0, 12345]])
    figure = figures.confusion_matrix(counts, ["cat", "dog", "giraffe"])
    axes = figure.axes[0]
    cells = {text.get_position(): int(text.get_text()) for text in axes.texts}
    assert cells == {(p, t): counts[t, p] for t, p in zip(*counts.nonzero(), strict=True)}
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert [label.get_text() for label in labels] == ["cat", "dog", "giraffe"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")
    assert axes.get_title(loc="left") == "6 of 12,446 images wrong"


@pytest.mark.parametrize(
    ("ink", "paper", "orange", "blue"),
    [
        (figures.INK, "#ffffff", figures.VERMILLION, figures.BLUE),
        ("#e8e8e8", "#14161a", "#F08A4B", "#5AB4F0"),  # a page at night
    ],
)
def test_confusion_matrix_stays_legible_and_ranks_its_shades(ink, paper, orange, blue):
    counts = np.array([[900, 1, 10], [100, 800, 0], [30, 5, 700]])
    cells = figures.confusion_matrix(counts).axes[0].collections[0]
    themes = {to_rgb(figures.VERMILLION): to_rgb(orange), to_rgb(figures.BLUE): to_rgb(blue)}
    depth = {}
    for path, (*color, opacity) in zip(cells.get_paths(), cells.get_facecolors(), strict=True):
        shade = opacity * np.array(themes[tuple(color)]) + (1 - opacity) * np.array(to_rgb(paper))
        assert _contrast(ink, shade) >= 4.5
        predicted, true = np.rint(path.vertices[:4].mean(axis=0)).astype(int)
        assert (tuple(color) == to_rgb(figures.BLUE)) == (true == predicted)
        depth[true, predicted] = opacity
    assert len(depth) == 8  # the empty cell stays empty
    wrong = sorted((counts[place], deep) for place, deep in depth.items() if place[0] != place[1])
    assert (np.diff([deep for _, deep in wrong]) > 0).all()


def test_confusion_matrix_without_mistakes_and_without_images():
    perfect = figures.confusion_matrix(np.eye(2, dtype=int))
    assert perfect.axes[0].get_title(loc="left") == "0 of 2 images wrong"
    assert _texts(figures.confusion_matrix(np.zeros((2, 2), int))) == []


def test_text_is_legible_on_white():
    for color in (figures.INK, figures.QUIET, figures.BLUE):
        assert _contrast(color, "white") >= 4.5
    assert _contrast(figures.VERMILLION, "white") >= 3  # bold, or beside a line of its colour


def _shown(figure: Figure) -> np.ndarray:
    """The pictures of weights, without the scale below them."""
    return np.stack([image.get_array() for image in figure.axes[0].images[:-1]])


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


@pytest.mark.parametrize(("n", "said"), [(12, "12"), (64, "64"), (512, "64 of 512")])
def test_weights_show_64_at_most_and_say_so(n, said):
    figure = figures.weights(np.full((n, 5, 5), 0.25), titles=range(n))
    assert len(_shown(figure)) == min(n, 64)
    assert figure.get_label() == f"Weights, {said}, colours from -0.25 to 0.25"
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


SQUARE = np.zeros((2, 28, 28))
BAD = {
    "no images": (figures.gallery, (np.zeros((0, 28, 28)),), "1 to 1000 images, got 0"),
    "too many images": (figures.gallery, (np.zeros((1001, 2, 2)),), "got 1001"),
    "ragged images": (figures.gallery, ([[[1, 2]], [[1]]],), "one size"),
    "flat images": (figures.gallery, (np.zeros(784),), "got (784,)"),
    "colour images": (figures.gallery, (np.zeros((2, 28, 28, 3)),), "got (2, 28, 28, 3)"),
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
    "column missing": (figures.learning_curves, (_history(2).drop(columns="seed"),), "'seed'"),
    "empty history": (figures.learning_curves, (_history(2)[:0],), "no rows"),
    "epoch twice": (
        figures.learning_curves,
        (pd.concat([_history(2)] * 2),),
        "same epoch and seed",
    ),
    "not square": (figures.confusion_matrix, (np.zeros((2, 3), int),), "got (2, 3)"),
    "shares": (figures.confusion_matrix, (np.eye(2),), "integers from 0 up"),
    "negative": (figures.confusion_matrix, (-np.eye(2, dtype=int),), "integers from 0 up"),
    "one filter": (figures.weights, (np.zeros((5, 5)),), "[n, height, width], got (5, 5)"),
    "no filters": (figures.weights, (np.zeros((0, 5, 5)),), "got (0, 5, 5)"),
    "whole weights": (figures.weights, (np.zeros((1, 5, 5), int),), "floats, got int64"),
    "nan weights": (figures.weights, (np.full((1, 5, 5), np.nan),), "finite"),
    "few titles": (figures.weights, (SQUARE, 16, ["a"]), "titles has 1 entries for 2"),
    "names missing": (figures.confusion_matrix, (np.eye(2, dtype=int), ["a"]), "got 1"),
}


@pytest.mark.parametrize(("function", "arguments", "words"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_told_in_one_line(function, arguments, words):
    with pytest.raises(InputError) as caught:
        function(*arguments)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_drawing_leaves_matplotlib_as_it_was():
    code = """if True:
        import sys, tenfold.figures as figures
        print([m for m in ("matplotlib", "pandas", "scipy") if m in sys.modules])
        import matplotlib, numpy
        before = matplotlib.rcParams.copy()
        get = dict.get  # the ordinary way chooses a backend
        figures.to_png(figures.confusion_matrix(numpy.eye(3, dtype=int)))
        print("matplotlib.pyplot" in sys.modules,
              [key for key in before if get(before, key) != get(matplotlib.rcParams, key)])
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "False []"]
