"""From pictures back to MNIST: digits are photographed, written over, turned, and found again."""

import io
import itertools
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter
from scipy import ndimage
from sklearn.neighbors import KNeighborsClassifier

import tenfold
from tenfold.core.errors import InputError
from tenfold.handwriting import find, mnist_image
from tenfold.handwriting.ink import threshold
from tenfold.handwriting.mnist_crop import stroke_width, upright, with_pen_of_mnist
from tenfold.handwriting.reading_order import in_reading_order

PAPER, PEN = 215, 50


@pytest.fixture(scope="module")
def mnist():
    return tenfold.load("mnist")


@pytest.fixture(scope="module")
def digits(mnist):
    """One upright digit of each class that fills its box in height and does not fall apart."""
    images, labels = mnist.validation.images, mnist.validation.labels
    tall = (images > 0).any(axis=2).sum(axis=1) == 20
    return {d: images[(labels == d) & tall][3] for d in range(10)}


@pytest.fixture(scope="module")
def reader(mnist):
    """Nearest neighbours among 5,000 digits: their 500 own figures are the yardstick."""
    images, labels = mnist.train.images[:5000], mnist.train.labels[:5000]
    neighbours = KNeighborsClassifier(3).fit(images.reshape(5000, -1), labels)
    return lambda crops: neighbours.predict(crops.reshape(len(crops), -1))


def blown_up(image, times):
    size = (image.shape[1] * times, image.shape[0] * times)
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))


def photographed(image, times, rng):
    """Ink on textured paper under slanting light, out of focus, noisy, as JPEG."""
    ink = np.pad(blown_up(image, times) / 255, rng.integers(0, 4 * times, (2, 2)))
    rows, columns = np.indices(ink.shape) / np.array(ink.shape)[:, None, None]
    texture = rng.normal(0, 4, ink.shape)
    light = 1 - 0.4 * (rng.random() * rows + rng.random() * columns)
    levels = ((PAPER + texture) * (1 - ink) + PEN * ink) * light + rng.normal(0, 4, ink.shape)
    picture = Image.fromarray(levels.clip(0, 255).astype(np.uint8))
    return through_jpeg(picture.filter(ImageFilter.GaussianBlur(0.15 * times)))


def through_jpeg(picture):
    file = io.BytesIO()
    picture.convert("RGB").save(file, "JPEG", quality=75)
    return Image.open(file)


def composed(rows, digits, times=3, pitch=26, line=40):
    """Ink from 0 to 1 of lines of text, a space for a gap, one digit every `pitch` pixels."""
    width = (max(map(len, rows)) + 1) * pitch * times
    ink = np.zeros(((len(rows) * line + 12) * times, width))
    for number, row in enumerate(rows):
        for place, character in enumerate(row):
            if character != " ":
                image = blown_up(digits[int(character)], times) / 255
                top, left = (number * line + 12) * times, (place * pitch + 12) * times
                area = ink[top : top + len(image), left : left + len(image)]
                np.maximum(area, image[:, : area.shape[1]], out=area)
    return ink


def on_paper(ink, paper=PAPER, pen=PEN):
    return (paper + (pen - paper) * ink).round().astype(np.uint8)


def read(page, digits):
    """The page's text, each crop read as the digit used that it resembles most."""
    known = np.stack([digits[d] for d in range(10)]).reshape(10, -1).astype(float)
    known /= np.linalg.norm(known, axis=1, keepdims=True)
    likeness = page.crops.reshape(len(page.crops), -1) @ known.T
    return page.text(likeness.argmax(axis=1))


# MNIST's own procedure


def test_mnist_images_come_out_of_the_procedure_as_they_went_in(mnist):
    images = mnist.validation.images[:500]
    again = np.stack([mnist_image(image) for image in images])
    assert np.abs(again.astype(int) - images).max() <= 3


def test_the_procedure_step_by_step_against_plain_loops():
    ink = np.zeros((37, 50), bool)
    ink[5:30, 12:18] = ink[25:30, 12:40] = True
    side = 28
    square = np.zeros((side, side))
    square[1:26, 0:28] = ink[5:30, 12:40]
    small = np.zeros((20, 20))
    step, half = side / 20, 0.99 * side / 20 / 2
    for row, column in itertools.product(range(20), repeat=2):
        for y, x in itertools.product(range(side), repeat=2):
            shares = [
                max(
                    0.0,
                    min((at + 0.5) * step + half, cell + 1) - max((at + 0.5) * step - half, cell),
                )
                for at, cell in ((row, y), (column, x))
            ]
            small[row, column] += square[y, x] * shares[0] * shares[1]
    small = np.rint(small * 255 / small.max())
    places = np.arange(20) + 0.5
    top = int(15 - (small.sum(1) * places).sum() / small.sum())
    left = int(15 - (small.sum(0) * places).sum() / small.sum())
    expected = np.zeros((28, 28))
    expected[top : top + 20, left : left + 20] = small
    assert np.abs(mnist_image(ink) - expected).max() <= 1


@given(st.integers(2, 70), st.integers(2, 70), st.integers(0, 9), st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_the_place_of_the_ink_does_not_matter_and_its_barycentre_is_in_pixel_14_15(h, w, y, x):
    ink = np.zeros((90, 90), bool)
    ink[y : y + h, x : x + w] = True
    moved = np.zeros((90, 90), bool)
    moved[5 : 5 + h, 7 : 7 + w] = True
    image = mnist_image(ink)
    assert (image == mnist_image(moved)).all()
    assert image.max() == 255
    for axis in (0, 1):
        line = image.sum(axis=axis, dtype=float)
        assert 14 < (line * (np.arange(28) + 0.5)).sum() / line.sum() <= 15


@pytest.mark.parametrize(
    ("ink", "message"),
    [
        (np.zeros((5, 5), bool), "no ink"),
        (np.zeros((2, 5, 5)), "ink must be numbers"),
        (np.array([["a"]]), "ink must be numbers"),
    ],
)
def test_what_is_no_ink_is_refused(ink, message):
    with pytest.raises(InputError, match=message):
        mnist_image(ink)


# The pen and the slant


@pytest.mark.parametrize("width", [2, 4, 8, 14, 24, 34])
def test_thin_pens_are_thickened_and_thick_ones_thinned_to_mnists(width):
    picture = Image.new("L", (140, 140))
    ImageDraw.Draw(picture).line([(30, 20), (110, 20), (60, 120)], 255, width, "curve")
    drawn = with_pen_of_mnist(np.asarray(picture) > 0)
    rows, columns = np.nonzero(drawn)
    unit = max(np.ptp(rows), np.ptp(columns)) / 20
    assert 1.7 * unit < stroke_width(drawn) < 4.6 * unit


def test_a_pen_within_mnists_range_is_left_alone(digits):
    ink = blown_up(digits[2], 5) > 127
    assert with_pen_of_mnist(ink) is ink


def test_a_loop_stays_a_loop_and_a_stroke_in_one_piece_whatever_the_pen():
    for width in (3, 30):
        picture = Image.new("L", (140, 140))
        ImageDraw.Draw(picture).ellipse([20, 10, 110, 130], outline=255, width=width)
        ring = with_pen_of_mnist(np.asarray(picture) > 0)
        ground = ndimage.label(np.pad(~ring, 1, constant_values=True))[0]
        assert ndimage.label(ring, np.ones((3, 3)))[1] == 1
        assert ground.max() == 2


@pytest.mark.parametrize("slope", [-0.7, -0.3, 0.3, 0.7])
def test_deslanting_takes_the_slant_out(slope):
    rows, columns = np.mgrid[:80, :160]
    stroke = np.abs(columns - 80 - slope * (rows - 40)) < 4
    assert upright(stroke).any(axis=0).sum() < 14


def test_deslanted_crops_are_narrower(digits):
    ink = blown_up(digits[1], 6)
    slanted = Image.fromarray(ink).transform(
        ink.shape, Image.Transform.AFFINE, (1, 0.6, -50, 0, 1, 0)
    )
    wide, narrow = (find(slanted, deslant=d).crops[0] for d in (False, True))
    assert (narrow > 0).any(0).sum() < 0.7 * (wide > 0).any(0).sum()


# Back to the original


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(lambda image, rng: image, id="as it is"),
        pytest.param(lambda image, rng: 255 - image, id="inverted"),
        pytest.param(lambda image, rng: blown_up(image, 3), id="3 times"),
        pytest.param(lambda image, rng: 255 - blown_up(image, 7), id="7 times, inverted"),
        pytest.param(lambda image, rng: np.pad(blown_up(image, 12), ((150, 20), (0, 90))), id="12"),
        pytest.param(lambda image, rng: photographed(image, 4, rng), id="photo, small"),
        pytest.param(lambda image, rng: photographed(image, 9, rng), id="photo, large"),
    ],
)
def test_the_original_comes_back(seen, mnist):
    images, rng = mnist.validation.images[:24], np.random.default_rng(1)
    pages = [find(seen(image, rng)) for image in images]
    assert [len(page.crops) for page in pages].count(1) >= 23
    away = np.abs(np.stack([page.crops[page.middle] for page in pages]).astype(int) - images)
    assert away.mean() < 9.5
    assert (away <= 32).mean() > 0.9


def test_digits_that_were_photographed_are_read_as_well_as_the_originals(mnist, reader):
    images, labels = mnist.validation.images[500:620], mnist.validation.labels[500:620]
    rng = np.random.default_rng(2)
    pages = [find(photographed(image, 4, rng)) for image in images]
    crops = np.stack([page.crops[page.middle] for page in pages])
    lost = (reader(images) == labels).mean() - (reader(crops) == labels).mean()
    assert lost <= 0.015


# Pages


def test_lines_and_numbers_are_found_in_reading_order(digits):
    page = find(on_paper(composed(["3041  52", "98", "267  4085"], digits)))
    assert read(page, digits) == "3041 52\n98\n267 4085"
    assert [len(line) for line in page.lines] == [6, 2, 7]
    assert [i for line in page.lines for i in line] == list(range(15))
    assert page.light_on_dark is False


@pytest.mark.parametrize("degrees", [-3, -1, 2, 3])
def test_lines_that_run_uphill_or_downhill_stay_lines(degrees, digits):
    ink = Image.fromarray(
        (composed(["30415298", "47260", "98253047"], digits) * 255).astype(np.uint8)
    )
    turned = ink.rotate(degrees, Image.Resampling.BICUBIC, expand=True)
    assert read(find(turned), digits) == "30415298\n47260\n98253047"


def test_lines_of_different_size_stand_on_one_page(digits):
    large, small = (composed([row], digits, times) for row, times in (("2750", 5), ("368294", 3)))
    ink = np.zeros((len(large) + len(small), max(large.shape[1], small.shape[1])))
    ink[: len(large), : large.shape[1]] = large
    ink[len(large) :, : small.shape[1]] = small
    assert read(find(on_paper(ink)), digits) == "2750\n368294"


def test_boxes_are_in_pixels_of_the_picture(digits):
    ink = np.zeros((300, 500))
    ink[100:212, 200:312] = blown_up(digits[3], 4) / 255
    rows, columns = np.nonzero(ink > 0.5)
    edges = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert np.abs(find(on_paper(ink)).boxes[0] - edges).max() <= 2
    huge = on_paper(ink).repeat(8, axis=0).repeat(8, axis=1)
    page = find(huge)
    assert page.size == (4000, 2400)
    assert np.abs(page.boxes[0] - np.array(edges) * 8).max() <= 16


def test_an_empty_order_of_one_box():
    assert in_reading_order(np.array([[0, 0, 5, 9]])) == (((0,),),)


@given(st.permutations(range(12)))
@settings(max_examples=20, deadline=None)
def test_the_order_of_boxes_given_does_not_matter(order):
    grid = [(x * 15, y * 30, x * 15 + 10, y * 30 + 20) for y in range(3) for x in range(4)]
    boxes = np.array(grid)[list(order)]
    lines = in_reading_order(boxes)
    assert [[order[i] for number in line for i in number] for line in lines] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9, 10, 11],
    ]


def ruled(ink, step, slope=0.0, squared=False, level=0.7, width=2):
    """Lines across, and down if squared, every `step` pixels, over ink from 0 to 1."""
    rows, columns = np.indices(ink.shape)
    lines = (rows + slope * columns) % step < width
    if squared:
        lines |= (columns - slope * rows) % step < width
    return np.maximum(ink, level * lines)


@pytest.mark.parametrize("squared", [False, True], ids=["ruled", "squared"])
@pytest.mark.parametrize("slope", [0.0, 0.03], ids=["straight", "turned"])
@pytest.mark.parametrize("level", [0.25, 0.9], ids=["faint", "dark"])
def test_ruled_and_squared_paper_is_left_out(squared, slope, level, digits):
    rows = ["304152", "984726"]
    ink = ruled(composed(rows, digits, times=4, line=36), 61, slope, squared, level)
    assert read(find(on_paper(ink)), digits) == "\n".join(rows)


def test_form_boxes_are_left_out(digits):
    ink = composed(["3041", "5298"], digits, times=4, pitch=40, line=44)
    picture = Image.fromarray(on_paper(ink))
    draw = ImageDraw.Draw(picture)
    for row, column in itertools.product(range(2), range(4)):
        left, top = (column * 40 + 9) * 4, (row * 44 + 9) * 4
        draw.rectangle([left, top, left + 136, top + 136], outline=80, width=3)
    assert read(find(picture), digits) == "3041\n5298"


def seen_at_an_angle(levels):
    """A page whose edges are no longer parallel, as a camera sees it."""
    picture = Image.fromarray(levels)
    width, height = picture.size
    quad = (0, 0, 0, height, 0.97 * width, 0.98 * height, 0.99 * width, 0.03 * height)
    return picture.transform(picture.size, Image.Transform.QUAD, quad, Image.Resampling.BICUBIC)


@pytest.mark.parametrize("squared", [False, True], ids=["ruled", "squared"])
@pytest.mark.parametrize("level", [0.3, 1.0], ids=["faint", "dark"])
def test_lines_of_a_page_seen_at_an_angle_are_left_out(squared, level, digits):
    rows = ["304152", "984726"]
    ink = ruled(composed(rows, digits, times=6, line=36), 91, 0.02, squared, level, width=3)
    assert read(find(seen_at_an_angle(on_paper(ink))), digits) == "\n".join(rows)


def test_squared_paper_that_is_not_written_on_holds_no_digit():
    ink = ruled(np.zeros((480, 640)), 61, 0.02, squared=True)
    with pytest.raises(InputError, match="no digit found"):
        find(on_paper(ink))


def test_contrasts_that_differ_by_rounding_are_all_ink():
    levels = np.zeros((40, 40), np.float32)
    levels[10:20, 10:20] = 0.9
    levels[14, 14] = np.nextafter(levels[14, 14], np.float32(1))
    assert (threshold(levels, 2)[0] == (levels > 0)).all()


@pytest.mark.parametrize("shape", [(1, 2000), (2000, 1)])
def test_dashes_in_a_picture_one_pixel_wide_are_no_digit(shape):
    dashes = (np.arange(2000) % 7 > 0).reshape(shape)
    with pytest.raises(InputError, match="no digit found"):
        find(~dashes)


@pytest.mark.parametrize("width", [136, 100], ids=["apart", "touched"])
def test_a_row_of_boxes_across_the_picture_is_left_out(width, digits):
    picture = Image.fromarray(on_paper(composed(["304152"], digits, times=4, pitch=37, line=44)))
    draw = ImageDraw.Draw(picture)
    for column in range(6):
        left = column * 148 + 60 + (136 - width) // 2
        draw.rectangle([left, 46, left + width, 182], outline=60, width=3)
    picture = picture.rotate(2, Image.Resampling.BICUBIC, fillcolor=PAPER)
    assert read(find(picture), digits) == "304152"


def test_a_table_of_cells_is_left_out(digits):
    ink = composed(["3041", "5298"], digits, times=4, pitch=36, line=40)
    picture = Image.fromarray(on_paper(ink))
    draw = ImageDraw.Draw(picture)
    for column in range(5):
        draw.line([(40 + column * 144, 30), (40 + column * 144, 350)], 80, 3)
    for row in range(3):
        draw.line([(40, 30 + row * 160), (616, 30 + row * 160)], 80, 3)
    assert read(find(picture), digits) == "3041\n5298"


def test_stains_specks_and_a_shadow_are_left_out(digits):
    ink = composed(["304152", "984726"], digits, times=4)
    rng = np.random.default_rng(3)
    levels = on_paper(ink).astype(float)
    for y, x in rng.integers(0, levels.shape, (30, 2)):
        levels[y : y + 3, x : x + 3] = 70
    rows, columns = np.indices(ink.shape)
    levels[(rows + columns) > 600] *= 0.6
    picture = Image.fromarray(levels.astype(np.uint8)).filter(ImageFilter.GaussianBlur(2))
    assert read(find(through_jpeg(picture)), digits) == "304152\n984726"


# Pieces


@pytest.mark.parametrize("overlap", [1, 2])
@pytest.mark.parametrize("pair", ["80", "83", "28", "06", "85"])
def test_digits_that_touch_are_split(pair, overlap, digits):
    left, right = (digits[int(d)] for d in pair)
    left, right = (image[:, (image > 127).any(0)] for image in (left, right))
    ink = np.zeros((28, left.shape[1] + right.shape[1] - overlap), np.uint8)
    ink[:, : left.shape[1]] = left
    np.maximum(ink[:, -right.shape[1] :], right, out=ink[:, -right.shape[1] :])
    page = find(np.pad(blown_up(ink, 5), 60))
    assert read(page, digits) == pair


@pytest.mark.parametrize("digit", range(10))
def test_single_digits_are_not_split(digit, mnist):
    images = mnist.validation.images[mnist.validation.labels == digit][:12]
    counts = [len(find(on_paper(blown_up(image, 4) / 255)).crops) for image in images]
    assert counts.count(1) >= 11


@pytest.mark.parametrize("digit", [0, 2, 3, 5, 6, 8])
@pytest.mark.parametrize("axis", [0, 1], ids=["across", "down"])
def test_a_broken_stroke_is_joined(digit, axis, digits):
    image = blown_up(digits[digit], 6).copy()
    middle = int((image.sum(axis=1 - axis) * np.arange(168)).sum() / image.sum())
    np.moveaxis(image, axis, 0)[middle : middle + 5] = 0
    page = find(on_paper(image / 255))
    assert read(page, digits) == str(digit)


# Pictures of all sorts


@pytest.mark.parametrize(
    ("paper", "pen", "light"),
    [
        ((255, 255, 255), (0, 0, 0), False),
        ((240, 235, 200), (30, 60, 160), False),
        ((255, 255, 255), (220, 30, 30), False),
        ((255, 255, 255), (250, 220, 60), False),
        ((120, 120, 120), (95, 95, 95), False),
        ((0, 0, 0), (255, 255, 255), True),
        ((20, 80, 40), (230, 230, 210), True),
        ((90, 90, 90), (130, 130, 130), True),
    ],
)
@pytest.mark.parametrize("text", ["0", "5", "30415", "304152 98"])
def test_polarity_and_colour_are_found(paper, pen, light, text, digits):
    ink = composed([text.replace(" ", "   ")], digits, times=5)[..., None]
    page = find((np.array(paper) + (np.array(pen) - paper) * ink).round().astype(np.uint8))
    assert page.light_on_dark is light
    assert read(page, digits) == text


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (200, 30, 30)])
def test_ink_on_nothing_is_read(colour, digits):
    opacity = (composed(["304"], digits) * 255).astype(np.uint8)
    ink = np.dstack([np.full((*opacity.shape, 3), colour, np.uint8), opacity])
    assert read(find(ink), digits) == "304"
    assert read(find(Image.fromarray(ink)), digits) == "304"


def saved(picture, path, **options):
    picture.save(path, **options)
    return path


@pytest.mark.parametrize(
    ("mode", "name"),
    [
        ("L", "grey.png"),
        ("1", "bits.png"),
        ("P", "palette.png"),
        ("LA", "alpha.png"),
        ("CMYK", "cmyk.jpg"),
        ("RGB", "colour.bmp"),
        ("RGB", "colour.webp"),
        ("RGB", "colour.tiff"),
        ("P", "still.gif"),
    ],
)
def test_modes_and_formats_are_read(mode, name, tmp_path, digits):
    picture = Image.fromarray(on_paper(composed(["304"], digits)))
    picture = picture.convert(mode, dither=Image.Dither.NONE)
    assert read(find(saved(picture, tmp_path / name)), digits) == "304"


def test_16_bits_are_read(tmp_path, digits):
    levels = on_paper(composed(["304"], digits)).astype(np.uint16) * 257
    assert read(find(saved(Image.fromarray(levels), tmp_path / "deep.png")), digits) == "304"


@pytest.mark.parametrize("dtype", [np.uint8, bool, np.float32])
def test_arrays_are_read(dtype, digits):
    ink = composed(["304"], digits) > 0.5
    levels = ink * np.uint8(255) if dtype is np.uint8 else ink.astype(dtype)
    assert read(find(levels), digits) == "304"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_honoured(orientation, tmp_path, digits):
    upright_one = Image.fromarray(on_paper(composed(["3041", "52"], digits)))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright_one.transpose(undo[orientation]) if orientation > 1 else upright_one
    exif = Image.Exif()
    exif[0x0112] = orientation
    page = find(saved(stored, tmp_path / "photo.jpg", exif=exif, quality=95))
    assert read(page, digits) == "3041\n52"
    assert page.size == upright_one.size


def test_a_large_jpeg_keeps_its_own_pixels_for_boxes(tmp_path, digits):
    ink = composed(["30"], digits, times=3)
    large = Image.fromarray(on_paper(ink)).resize((ink.shape[1] * 12, ink.shape[0] * 12))
    page = find(saved(large, tmp_path / "large.jpg"))
    small = find(on_paper(ink))
    assert page.size == large.size
    assert np.abs(page.boxes - small.boxes * 12).max() <= 24


def test_an_upside_down_photo_is_read_without_complaint(digits):
    picture = Image.fromarray(on_paper(composed(["30"], digits))).rotate(180)
    assert len(find(picture).crops) == 2


# Bad input


def bomb(width, height):
    """A PNG that claims a size and holds next to nothing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 10)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def blank(path):
    return saved(Image.new("L", (200, 100), 200), path)


def noisy(path):
    levels = np.random.default_rng(4).normal(200, 6, (300, 400)).astype(np.uint8)
    return saved(Image.fromarray(levels), path)


def animated(path):
    frames = [Image.new("L", (40, 40), level) for level in (0, 90, 200)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    return path


def truncated(path):
    file = io.BytesIO()
    Image.effect_noise((200, 200), 50).save(file, "JPEG")
    return written(path, file.getvalue()[:2000])


def written(path, data):
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda at: blank(at / "a.png"), "no digit found in the picture"),
        (lambda at: noisy(at / "a.png"), "no digit found in the picture"),
        (lambda at: np.zeros((1, 1), np.uint8), "no digit found in the picture"),
        (lambda at: saved(Image.new("RGB", (1, 1)), at / "a.png"), "no digit found"),
        (lambda at: written(at / "a.jpg", b"Dear diary, 42"), r"a\.jpg is no picture; allowed are"),
        (lambda at: written(at / "a.jpg", b""), r"a\.jpg is an empty file"),
        (lambda at: truncated(at / "a.jpg"), r"a\.jpg cannot be decoded \(.*truncated"),
        (lambda at: animated(at / "a.gif"), r"a\.gif is an animation of 3 pictures"),
        (lambda at: at, "is a folder; give one picture file"),
        (lambda at: str(at / "none.png"), r"none\.png does not exist"),
        (lambda at: written(at / "a.png", bomb(8000, 8000)), "8000x8000 pixels, over 50,000,000"),
        (lambda at: written(at / "a.png", bomb(11000, 9000)), "11000x9000 pixels, over 50,000,000"),
        (lambda at: written(at / "a.png", bomb(20000, 20000)), "pixels, .*reduce|over 50,000,000"),
        (lambda at: np.broadcast_to(np.uint8(0), (20000, 20000)), "20000x20000 pixels, over"),
        (lambda at: np.zeros((0, 5), np.uint8), r"received uint8 \[0, 5\]"),
        (lambda at: np.zeros((2, 5, 5, 3), np.uint8), r"received uint8 \[2, 5, 5, 3\]"),
        (lambda at: np.full((5, 5), np.nan), "NaN or infinite"),
        (lambda at: np.full((5, 5), 700), "whole numbers must be 0 to 255"),
        (lambda at: np.array([["a"]]), "received <U1"),
    ],
)
def test_bad_input_is_refused_in_one_line(make, message, tmp_path, recwarn):
    with pytest.raises(InputError, match=message) as caught:
        find(make(tmp_path))
    assert "\n" not in str(caught.value)
    assert not recwarn.list


def test_nothing_is_imported_of_tenfold_but_what_the_rule_allows():
    import subprocess
    import sys

    code = (
        "import sys, tenfold.handwriting; print({'keras', 'jax', 'matplotlib'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "set()", result.stderr
