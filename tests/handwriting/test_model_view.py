"""Models that were trained on transposed, mirrored or inverted images read upright pictures."""

import json

import numpy as np
import pytest
from pictures import composed, on_paper
from PIL import Image

from tenfold.core.assets import READER
from tenfold.core.errors import InputError
from tenfold.export.model_view import View, view_of
from tenfold.export.predictor import Predictor, default_predictor
from tenfold.handwriting.reading import read

TEXT = "71034"
VIEWS = [
    View(),
    View(transpose=True),
    View(mirror=True),
    View(transpose=True, upend=True),
    View(invert=True),
    View(transpose=True, invert=True),
]


class Trained(Predictor):
    """The packaged reader as if it had been trained on images seen so."""

    def __init__(self, view):
        super().__init__(READER)
        self.path = self.path.with_name("other.onnx")
        self.card = {**self.card, "border": 250.0 if view.invert else 0.0}
        mirror, upend = (view.upend, view.mirror) if view.transpose else (view.mirror, view.upend)
        self._inverse = View(view.transpose, mirror, upend, view.invert)

    def predict(self, images, pixels=None):
        return super().predict(self._inverse.apply(np.asarray(images)), pixels)

    __call__ = predict


@pytest.fixture
def page(plain):
    return on_paper(composed([[int(digit) for digit in TEXT]], plain))


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_the_view_of_a_model_is_found(view):
    assert view_of(Trained(view)) == view


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_a_picture_is_read_as_by_the_upright_model(view, page):
    assert read(page, Trained(view)).text == read(page).text


class OfOtherClasses(Trained):
    class_names = tuple(f"c{i}" for i in range(11))


def test_a_model_of_other_classes_is_taken_as_upright():
    assert view_of(OfOtherClasses(View(transpose=True))) == View()


def pages(path, *pictures):
    images = [Image.fromarray(picture) for picture in pictures]
    images[0].save(path, save_all=True, append_images=images[1:])
    return path


def test_all_pages_of_a_tiff_are_read(page, tmp_path, tenfold_main):
    path = pages(tmp_path / "scan.tif", page, page)
    code, out, _ = tenfold_main("read", path, "--json")
    assert code == 0
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["text"] for line in lines] == [read(page).text] * 2
    assert [line["file"] for line in lines] == [f"{path}, page 1", f"{path}, page 2"]
    with pytest.raises(InputError, match="has 2 pages"):
        read(path)


@pytest.mark.parametrize("levels", [np.float32(1), np.float32(255), np.uint16(65535)])
def test_scans_of_16_and_32_bits_are_read(levels, page, tmp_path):
    deep = (page / 255 * levels).astype(levels.dtype)
    grey = deep if deep.ndim == 2 else deep[..., 0]
    Image.fromarray(grey).save(tmp_path / "scan.tif")
    assert read(tmp_path / "scan.tif").text == read(page).text


def test_the_packaged_reader_is_not_asked(monkeypatch, page):
    monkeypatch.setattr("tenfold.handwriting.classifier.view_of", lambda _: 1 / 0)
    assert default_predictor().path == READER
    assert read(page).text
