"""HEIC, AVIF, PDF and TIFF pictures, and what is said where a package is missing."""

import builtins
import io
import sys

import numpy as np
import pytest
from PIL import Image, features

from tenfold.core.errors import InputError
from tenfold.data.picture_files import PictureFile, kind_of
from tenfold.handwriting.picture import load_picture

LEVELS = np.repeat(np.linspace(0, 255, 64).astype(np.uint8)[None], 48, axis=0)
ORIENTATION = 0x0112
PACKAGES = {"heic": "pillow_heif", "pdf": "pypdfium2"}


def needed(suffix):
    if suffix in PACKAGES:
        pytest.importorskip(PACKAGES[suffix])
    if suffix == "avif" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")


def saved(path):
    """A picture of 64x48 pixels in the format of the suffix, written by another library."""
    image = Image.fromarray(LEVELS)
    if path.suffix == ".heic":
        pytest.importorskip("pillow_heif").from_pillow(image).save(path, quality=95)
    else:
        image.save(path)
    return path


def two_pages():
    file, page = io.BytesIO(), Image.fromarray(LEVELS)
    page.save(file, "TIFF", save_all=True, append_images=[page])
    return file.getvalue()


@pytest.mark.parametrize("suffix", ["heic", "avif", "pdf", "tiff", "webp"])
def test_pictures_of_all_formats_have_the_pixels_that_were_saved(suffix, tmp_path):
    needed(suffix)
    path = saved(tmp_path / f"a.{suffix}")
    for source in (path, path.read_bytes()):
        with PictureFile(source, "a") as file:
            assert file.n_pages == 1
            image = file.page(1).convert("L").resize((64, 48))
            assert np.abs(np.asarray(image).astype(int) - LEVELS).mean() < 4
    picture = load_picture(path)
    assert picture.size[0] * 48 == pytest.approx(picture.size[1] * 64, rel=0.01)


@pytest.mark.parametrize("suffix", ["tiff", "pdf"])
def test_each_page_is_opened(suffix, tmp_path):
    needed(suffix)
    path = tmp_path / f"a.{suffix}"
    frames = [Image.fromarray(np.roll(LEVELS, 9 * i, axis=1)) for i in range(3)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    with PictureFile(path, "a") as file:
        assert file.n_pages == 3
        for number, frame in enumerate(frames, 1):
            levels = np.asarray(file.page(number).convert("L").resize((64, 48))).astype(int)
            assert np.abs(levels - np.asarray(frame)).mean() < 6
        for number in (0, 4):
            with pytest.raises(InputError, match=f"a has 3 pages; there is no page {number}"):
                file.page(number)
    with pytest.raises(InputError, match=r"has 3 pages; .*run tenfold read for all"):
        load_picture(path)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pages_of_a_tiff_file_are_upright(orientation, tmp_path):
    stored = Image.fromarray(LEVELS)
    tag = {ORIENTATION: orientation}
    stored.save(tmp_path / "one.tiff", tiffinfo=tag)
    stored.save(tmp_path / "two.tiff", tiffinfo=tag, save_all=True, append_images=[stored])
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored.save(tmp_path / "one.png", exif=exif)
    upright = load_picture(tmp_path / "one.png")
    with PictureFile(tmp_path / "two.tiff", "a") as file:
        pages = [tmp_path / "one.tiff", *file.pages(), Image.open(tmp_path / "one.tiff")]
    for page in map(load_picture, pages):
        np.testing.assert_array_equal(page.pixels, upright.pixels)
        assert page.size == upright.size


def test_pillow_maps_turned_tiff_files_with_exchanged_sides(tmp_path):
    Image.fromarray(LEVELS).save(tmp_path / "a.tiff", tiffinfo={ORIENTATION: 6})
    with Image.open(tmp_path / "a.tiff") as opened:
        opened.load()
    assert opened.size != LEVELS.shape, "remove read_without_mapping where Pillow is newer"


@pytest.mark.parametrize(
    ("suffix", "advice"),
    [
        ("heic", r"HEIC picture; pip install 'tenfold\[heic\]'"),
        ("pdf", r"PDF document; pip install 'tenfold\[pdf\]'"),
    ],
)
def test_a_missing_package_is_named(suffix, advice, tmp_path, monkeypatch):
    needed(suffix)
    path = saved(tmp_path / f"a.{suffix}").rename(tmp_path / "a.jpg")  # the content tells
    package, imported = PACKAGES[suffix], builtins.__import__

    def without(name, *args, **kwargs):
        if name == package:
            raise ImportError(name)
        return imported(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, package)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=advice) as caught:
        load_picture(path)
    assert "\n" not in str(caught.value)


def test_a_pillow_without_avif_is_named(tmp_path, monkeypatch):
    path = tmp_path / "a.avif"
    path.write_bytes(b"\0\0\0\x1cftypavif" + bytes(40))
    monkeypatch.setattr(features, "check", lambda name: False)
    with pytest.raises(InputError, match=r"AVIF picture; pip install -U 'pillow>=11.3'"):
        load_picture(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"%PDF-1.7 and no more", "cannot be opened"),
        (b"\0\0\0\x18ftypheic" + bytes(40), "is not a picture|cannot be decoded"),
        (b"\0\0\0\x1cftypavif" + bytes(40), "is not a picture|cannot be decoded"),
        (two_pages()[: len(two_pages()) // 2 + 40], "cannot be decoded"),
    ],
)
def test_damaged_files_are_refused_in_one_line(content, message, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        load_picture(path)
    assert "\n" not in str(caught.value)


def test_kinds_are_told_by_all_brands():
    def box(*brands):
        body = b"ftyp" + brands[0] + bytes(4) + b"".join(brands[1:])
        return (4 + len(body)).to_bytes(4, "big") + body

    assert kind_of(box(b"mif1", b"heic")) == kind_of(box(b"heix")) == "HEIC"
    assert kind_of(box(b"mif1", b"avif")) == kind_of(box(b"avif", b"mif1")) == "AVIF"
    assert kind_of(b"\n\n%PDF-2.0") == "PDF"
    assert kind_of(box(b"isom", b"mp41")) == kind_of(b"") == ""
