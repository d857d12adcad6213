"""Many pictures to Parquet: rows, pages without digits, damage, and going on."""

import numpy as np
import pytest
from executors import Here
from PIL import Image

import tenfold
from tenfold import InputError
from tenfold.handwriting import pages

pq = pytest.importorskip("pyarrow.parquet")


@pytest.fixture(scope="module")
def forms(mnist, tmp_path_factory):
    """A folder of a page of digits, an empty page, a file of two pages and a damaged one."""
    folder = tmp_path_factory.mktemp("forms")
    page = np.full((120, 240), 255, np.uint8)
    for i in range(4):
        page[40:96, 10 + 56 * i : 66 + 56 * i] = 255 - mnist.test.images[i].repeat(2, 0).repeat(
            2, 1
        )
    image, empty = Image.fromarray(page), Image.fromarray(np.full((120, 240), 255, np.uint8))
    image.save(folder / "b.png")
    empty.save(folder / "a.png")
    (folder / "inner").mkdir()
    pages = {"save_all": True, "append_images": [empty.copy()]}
    image.copy().save(folder / "inner" / "two.tiff", **pages)  # an image keeps how it was saved
    (folder / "inner" / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    (folder / "notes.txt").write_text("no picture")
    return folder


def test_pages_are_rows_and_a_repeat_reads_nothing_again(forms, tmp_path, tenfold_main):
    here, out = Here(), tmp_path / "readings"
    progress = pages.read_pages([forms], out=out, executor=here, verbose=False)
    assert (progress.images, progress.failed, progress.total) == (3, 1, 4)
    rows = pq.read_table(out / "parts").to_pylist()
    assert [(row["file"].rpartition("/")[2], row["page"]) for row in rows] == [
        ("a.png", 1),
        ("b.png", 1),
        ("two.tiff", 1),
        ("two.tiff", 2),
    ]
    expected = tenfold.read(forms / "b.png")
    assert [row["text"] for row in rows] == ["", expected.text, expected.text, ""]
    assert rows[1]["confidence"] == pytest.approx(expected.confidence)
    digits = [digit for number in expected.numbers for digit in number.digits]
    assert [d["label"] for d in rows[1]["digits"]] == [d.label for d in digits]
    assert [tuple(d["box"]) for d in rows[1]["digits"]] == [d.box for d in digits]
    assert "damaged.png" in next((out / "errors").iterdir()).read_text()
    count = len(here.ran)
    assert pages.read_pages([forms], out=out, executor=here, verbose=False).images == 3
    assert len(here.ran) == count
    bad = tmp_path / "bad"
    code, _, err = tenfold_main("read", forms / "inner" / "damaged.png", "--parquet", bad)
    assert (code, f"none of 1 pictures read; {bad}/errors says why" in err) == (2, True)
    code, _, err = tenfold_main("read", forms, "--parquet", tmp_path / "r", "--region", "0,0,0,0")
    assert (code, "region 0,0,0,0: is empty" in err) == (2, True)
    code, text, _ = tenfold_main("score", out, "--status")
    assert code == 0
    assert "3 of 4 pictures, 1 failed" in text


def test_another_job_and_wrong_options_are_refused(forms, tmp_path, tenfold_main):
    out = tmp_path / "readings"
    pages.read_pages([forms / "a.png"], out=out, executor=Here(), verbose=False)
    with pytest.raises(InputError, match=r"holds another job \(expect: None, now 4\)"):
        pages.read_pages([forms / "a.png"], out=out, expect=4, executor=Here())
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no pictures; give photos"):
        pages.read_pages([tmp_path / "empty"], out=tmp_path / "o")
    for arguments, message in (
        (["--parquet", out, "--json"], "--parquet: not with"),
        (["--ray"], "only with --parquet FOLDER"),
    ):
        code, _, error = tenfold_main("read", forms / "a.png", *arguments)
        assert code == 2
        assert message in error
