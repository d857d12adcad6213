"""Pictures of all modes and formats are loaded, bad ones refused."""

import io
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from pictures import composed, on_paper, saved, text_by_similarity
from PIL import Image

from tenfold.core.errors import InputError
from tenfold.handwriting import detect_digits
from tenfold.handwriting.picture import load_picture


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (200, 30, 30)])
def test_ink_on_a_transparent_background_is_read(colour, digits):
    opacity = (composed(["304"], digits) * 255).astype(np.uint8)
    ink = np.dstack([np.full((*opacity.shape, 3), colour, np.uint8), opacity])
    assert text_by_similarity(detect_digits(ink), digits) == "304"
    assert text_by_similarity(detect_digits(Image.fromarray(ink)), digits) == "304"


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
    assert text_by_similarity(detect_digits(saved(picture, tmp_path / name)), digits) == "304"


def test_16_bits_are_read(tmp_path, digits):
    levels = on_paper(composed(["304"], digits)).astype(np.uint16) * 257
    assert (
        text_by_similarity(
            detect_digits(saved(Image.fromarray(levels), tmp_path / "deep.png")), digits
        )
        == "304"
    )


def test_arrays_of_12_bits_are_the_pictures_that_files_are(tmp_path):
    levels = (np.arange(64 * 48).reshape(48, 64) + 900).astype(np.uint16)
    Image.fromarray(levels).save(tmp_path / "scan.png")
    of_file = load_picture(tmp_path / "scan.png").pixels
    np.testing.assert_array_equal(load_picture(levels).pixels, of_file)


@pytest.mark.parametrize("dtype", [np.uint8, bool, np.float32])
def test_arrays_are_read(dtype, digits):
    ink = composed(["304"], digits) > 0.5
    levels = ink * np.uint8(255) if dtype is np.uint8 else ink.astype(dtype)
    assert text_by_similarity(detect_digits(levels), digits) == "304"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation, tmp_path, digits):
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
    page = detect_digits(saved(stored, tmp_path / "photo.jpg", exif=exif, quality=95))
    assert text_by_similarity(page, digits) == "3041\n52"
    assert page.size == upright_one.size


def test_boxes_of_a_large_jpeg_are_in_its_original_pixels(tmp_path, digits):
    ink = composed(["30"], digits, times=3)
    large = Image.fromarray(on_paper(ink)).resize((ink.shape[1] * 12, ink.shape[0] * 12))
    page = detect_digits(saved(large, tmp_path / "large.jpg"))
    small = detect_digits(on_paper(ink))
    assert page.size == large.size
    assert np.abs(page.boxes - small.boxes * 12).max() <= 24


def test_an_image_that_is_read_stays_as_it_is(tmp_path):
    Image.new("L", (4200, 300), 200).save(tmp_path / "photo.jpg")
    image = Image.open(tmp_path / "photo.jpg")
    assert load_picture(image).size == load_picture(image).size == image.size == (4200, 300)


def test_an_upside_down_photo_raises_no_error(digits):
    picture = Image.fromarray(on_paper(composed(["30"], digits))).rotate(180)
    assert len(detect_digits(picture).crops) == 2


def bomb(width, height):
    """A PNG with a large size in its header and almost no data."""
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
        (
            lambda at: written(at / "a.jpg", b"Dear diary, 42"),
            r"a\.jpg is not a picture; allowed are",
        ),
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
        (lambda at: np.full((5, 5), 700), "whole numbers from 700 to 700"),
        (lambda at: np.array([["a"]]), "received <U1"),
    ],
)
def test_invalid_input_is_refused_in_one_line(make, message, tmp_path, recwarn):
    with pytest.raises(InputError, match=message) as caught:
        detect_digits(make(tmp_path))
    assert "\n" not in str(caught.value)
    assert not recwarn.list


def test_nested_lists_are_pictures():
    image = np.arange(64, dtype=np.uint8).reshape(8, 8)
    np.testing.assert_array_equal(load_picture(image.tolist()).pixels, load_picture(image).pixels)


@pytest.mark.parametrize("given", [None, ["1.png", "2.png"], [[1], [2, 3]], 7j, b"PNG"])
def test_what_is_no_picture_is_refused_by_its_type(given):
    with pytest.raises(InputError, match=f"one file, .* received {type(given).__name__}$"):
        load_picture(given)


def test_neither_keras_nor_jax_nor_matplotlib_is_imported():

    code = (
        "import sys, tenfold.handwriting; print({'keras', 'jax', 'matplotlib'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "set()", result.stderr
