"""Which pages of which pictures ``tenfold read`` reads."""

import csv
import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def pages(mnist):
    """A TIFF file of a blank page and one with the rows 4 2 and 7 3."""
    first = [
        mnist.validation.images[np.flatnonzero(mnist.validation.labels == k)[4]] for k in range(10)
    ]
    rows = [
        np.hstack([np.pad(first[k], ((6, 6), (40, 40))) for k in row]) for row in ((4, 2), (7, 3))
    ]
    page = Image.fromarray(255 - np.kron(np.vstack(rows), np.ones((3, 3), np.uint8)))
    file = io.BytesIO()
    Image.new("L", page.size, 255).save(file, "TIFF", save_all=True, append_images=[page])
    return file.getvalue()


def test_one_page_from_stdin_becomes_a_table(pages, tenfold_main, monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(pages)))
    code, out, _ = tenfold_main("read", "-", "--page", "2", "--columns")
    assert (code, list(csv.reader(io.StringIO(out)))) == (0, [["4", "2"], ["7", "3"]])


def test_one_page_is_annotated(pages, tenfold_main, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pages.tiff").write_bytes(pages)
    assert tenfold_main("read", "pages.tiff", "--page", "2", "--annotate", "out.png")[0] == 0
    assert Image.open("out.png").width >= Image.open("pages.tiff").width


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--columns"], "--table: pages.tiff has 2 pages; give one --page"),
        (["--page", "3"], "pages.tiff has 2 pages; there is no page 3"),
    ],
)
def test_pages_that_an_option_cannot_take_are_refused(
    options, words, pages, tenfold_main, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pages.tiff").write_bytes(pages)
    assert tenfold_main("read", "pages.tiff", *options) == (2, "", f"tenfold: {words}\n")
