"""Sheets: the PDF, photos of it with digits, and the images collected from them."""

import importlib
import io
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image, ImageFilter
from skimage.transform import ProjectiveTransform, warp

import tenfold
from tenfold import InputError
from tenfold.data import sheet_layout
from tenfold.handwriting.collect import collect, write_template
from tenfold.handwriting.collect.rectify import find_marks
from tenfold.handwriting.collect.template import draw_sheet

DPI = 130
MM = DPI / 25.4


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The printed sheet without writing, rendered from the PDF if pdftoppm is available."""
    if shutil.which("pdftoppm"):
        folder = tmp_path_factory.mktemp("sheet")
        write_template(folder / "sheet.pdf")
        command = ["pdftoppm", "-r", str(DPI), "-png", "-singlefile", "sheet.pdf", "sheet"]
        subprocess.run(command, cwd=folder, check=True)
        return np.asarray(Image.open(folder / "sheet.png").convert("RGB"))
    buffer = io.BytesIO()
    draw_sheet().savefig(buffer, format="png", dpi=DPI)
    return np.asarray(Image.open(buffer).convert("RGB"))


@pytest.fixture(scope="module")
def written(page, mnist):
    """The sheet with MNIST's digits in most boxes, and the image per box."""
    rng, sheet, truth = np.random.default_rng(0), page.copy(), {}
    (width, height), side = sheet_layout.PAPERS["a4"], round(14 * MM)
    corner = np.array([(width - sheet_layout.WIDTH) / 2, (height - sheet_layout.HEIGHT) / 2])
    for row in range(sheet_layout.ROWS):
        indices = np.flatnonzero(mnist.validation.labels == row)
        for number in range(sheet_layout.BOXES):
            if rng.random() < 0.15:
                continue
            image = mnist.validation.images[rng.choice(indices)]
            left, top, right, bottom = sheet_layout.box(row, number)
            middle = corner + np.array([left + right, top + bottom]) / 2 + rng.uniform(-1, 1, 2)
            x, y = (round(float(m * MM - side / 2)) for m in middle)
            large = np.asarray(Image.fromarray(image).resize((side, side), Image.BICUBIC)) / 255
            ink = np.clip((large - 0.35) * 4, 0, 1)[..., None]
            under = sheet[y : y + side, x : x + side]
            under[:] = (under * (1 - ink) + np.array([30, 40, 110]) * ink).astype(np.uint8)
            truth[row, number] = image
    return sheet, truth


def photographed(page, path, angle=0.0, tilt=0.1, size=(1700, 1300), seed=0):
    """A photo: rotated, in perspective, on a dark table, in uneven light, blurred, noisy, JPEG."""
    rng, (width, height) = np.random.default_rng(seed), size
    h, w = page.shape[:2]
    centre = np.array([w, h]) / 2
    corners = np.array([[0, 0], [w, 0], [w, h], [0, h]]) - centre
    turn = np.deg2rad(angle)
    rotated = corners @ [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
    rotated *= 0.86 * min(width / np.ptp(rotated[:, 0]), height / np.ptp(rotated[:, 1]))
    rotated = rotated * (1 + tilt * rng.uniform(-1, 1, (4, 1))) + [width / 2, height / 2]
    to_page = ProjectiveTransform.from_estimate(rotated, corners + centre)
    seen = warp(page, to_page, output_shape=(height, width), cval=-1, preserve_range=True)
    seen = np.where(seen < 0, 60 + rng.normal(0, 8, (height, width, 1)), seen)
    light = 1 - 0.4 * np.linspace(0, 1, width)[None, :, None]
    blurred = Image.fromarray((seen * light).clip(0, 255).astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(0.8)
    )
    noisy = np.asarray(blurred) + rng.normal(0, 5, (height, width, 3))
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(path, "JPEG", quality=75)
    return path


@pytest.mark.parametrize(("angle", "size"), [(6, (1200, 1600)), (-173, (1600, 1600))])
def test_a_photo_gives_the_digits_that_were_written(written, tmp_path, angle, size):
    page, truth = written
    photo = photographed(page, tmp_path / "my photo.jpg", angle, size=size)
    sheet = collect(photo, tmp_path / "mine")
    assert sheet.name == "my-photo"
    assert set(sheet.images) == set(truth)
    distances = [np.abs(sheet.images[box].astype(float) - truth[box]).mean() for box in truth]
    assert np.mean(distances) < 14  # of 255; two different images of one digit differ by over 30
    if angle == 6:
        compare_files(sheet, truth, tmp_path / "mine")


def compare_files(sheet, truth, folder):
    data = tenfold.load(folder, validation=0)
    assert data.class_names == tuple("0123456789")
    assert len(data.train) + len(data.test) == len(truth)
    for (row, number), image in sheet.images.items():
        path = folder / str(row) / f"my-photo_cell-{row}-{number + 1:02}.png"
        assert (np.asarray(Image.open(path)) == image).all()
    assert sheet.counts() == {str(row): sum(r == row for r, _ in truth) for row in range(10)}
    with Image.open(sheet.overview) as overview:
        assert overview.width > overview.height > 500
    with pytest.raises(InputError, match="already contains a sheet 'my-photo'"):
        collect(folder.parent / "my photo.jpg", folder)


@pytest.mark.parametrize("angle", range(0, 360, 72))
def test_marks_are_found_at_any_rotation(page, tmp_path, angle):
    photo = photographed(page, tmp_path / "photo.jpg", angle, 0.0, (700, 700))
    marks = find_marks(np.asarray(Image.open(photo)), "photo")
    sides = np.roll(marks, -1, axis=0) - marks
    direction = np.rad2deg(np.arctan2(sides[0, 1], sides[0, 0]))
    assert abs((direction - angle + 180) % 360 - 180) < 1
    lengths = np.hypot(*sides.T)
    assert lengths[0] / lengths[1] == pytest.approx(
        sheet_layout.WIDTH / sheet_layout.HEIGHT, rel=0.01
    )


def test_the_sheet_fits_on_every_paper():
    for width, height in sheet_layout.PAPERS.values():
        assert (
            min(width - sheet_layout.WIDTH, height - sheet_layout.HEIGHT) / 2
            - sheet_layout.MARK / 2
            > 10
        )
    boxes = [
        sheet_layout.box(row, n)
        for row in range(sheet_layout.ROWS)
        for n in range(sheet_layout.BOXES)
    ]
    inside = np.array(boxes)
    assert inside.min() > sheet_layout.MARK / 2
    assert (inside.max(axis=0)[2:] < [sheet_layout.WIDTH - 4, sheet_layout.HEIGHT - 4]).all()


@pytest.fixture(scope="module")
def bad(page, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad")
    (folder / "text.jpg").write_text("no picture")
    (folder / "empty.jpg").write_bytes(b"")
    Image.fromarray(page).save(folder / "blank.png")
    Image.fromarray(page[: int(0.8 * len(page))]).save(folder / "cut.png")
    Image.fromarray(page[::-1]).save(folder / "mirrored.png")
    Image.new("RGB", (400, 300), "white").save(folder / "white.png")
    (folder / "folder").mkdir()
    (folder / "taken.pdf").write_text("mine")
    return folder


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{bad}/text.jpg", "-o", "{out}"], "text.jpg is not a picture"),
        (["{bad}/empty.jpg", "-o", "{out}"], "empty.jpg is an empty file"),
        (["{bad}/gone.jpg", "-o", "{out}"], "gone.jpg does not exist"),
        (["{bad}/folder", "-o", "{out}"], "folder is a folder"),
        (["{bad}/blank.png", "-o", "{out}"], "nothing is written in the boxes"),
        (
            ["{bad}/cut.png", "-o", "{out}"],
            "corner marks of a sheet were not found (3 similar",
        ),
        (["{bad}/mirrored.png", "-o", "{out}"], "corner marks of a sheet were not found"),
        (["{bad}/white.png", "-o", "{out}"], "(no similar mark in the picture)"),
        (["{bad}/blank.png", "-o", "{bad}/text.jpg"], "text.jpg: a file; give a folder"),
        (["{bad}/blank.png"], "give photos of sheets and -o FOLDER; or --template"),
        ([], "give photos of sheets and -o FOLDER; or --template"),
        (["{bad}/cut.png", "{bad}/white.png", "-o", "{out}"], "2 of 2 not collected"),
        (["--template", "{out}.png"], "the sheet is a PDF; give a name that ends in .pdf"),
        (["--template", "{bad}/taken.pdf"], "taken.pdf: exists already"),
        (["--template", "{out}.pdf", "--paper", "a5"], "paper: 'a5'; give one of a4, letter"),
        (["--template", "{out}.pdf", "{bad}/cut.png"], "--template: only writes the sheet"),
    ],
)
def test_invalid_input_is_refused_in_one_line(arguments, message, bad, tmp_path, tenfold_main):
    folders = {"bad": bad, "out": tmp_path / "mine"}
    code, _, err = tenfold_main("collect", *(text.format(**folders) for text in arguments))
    assert code == 2
    assert message in err
    assert err.count("\n") <= max(1, len(arguments))
    assert list(tmp_path.iterdir()) == []


def test_a_batch_continues_after_a_failure(bad, written, tmp_path, tenfold_main):
    page, truth = written
    Image.fromarray(page).save(tmp_path / "good.png")
    code, out, err = tenfold_main(
        "collect", bad / "cut.png", tmp_path / "good.png", "-o", tmp_path / "mine"
    )
    assert code == 2
    assert f"{len(truth)} images" in out
    assert "1 of 2 not collected" in err
    assert len(list((tmp_path / "mine").glob("*/good_cell-*.png"))) == len(truth)


def test_each_page_of_a_document_is_a_sheet(written, tmp_path, tenfold_main):
    page, truth = written
    empty = Image.new("RGB", (60, 60), "white")
    Image.fromarray(page).save(tmp_path / "scan.tiff", save_all=True, append_images=[empty])
    code, out, err = tenfold_main("collect", tmp_path / "scan.tiff", "-o", tmp_path / "mine")
    assert (code, f"{len(truth)} images" in out) == (2, True)
    assert "scan.tiff, page 2" in err
    assert len(list((tmp_path / "mine").glob("*/scan-page-1_cell-*.png"))) == len(truth)


def test_a_failed_write_leaves_no_files(written, tmp_path, monkeypatch):
    collecting = importlib.import_module("tenfold.handwriting.collect.sheet")
    Image.fromarray(written[0]).save(tmp_path / "photo.png")
    write, left = collecting.atomic_write, [20]

    def failing(path):
        left[0] -= 1
        if not left[0]:
            raise InputError(f"cannot write {path}: No space left on device; free some space")
        return write(path)

    monkeypatch.setattr(collecting, "atomic_write", failing)
    with pytest.raises(InputError, match="No space left"):
        collect(tmp_path / "photo.png", tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_the_sheet_is_a_pdf_of_one_page_in_its_size(tmp_path, tenfold_main):
    code, out, _ = tenfold_main(
        "collect", "--template", tmp_path / "sheet.pdf", "--paper", "letter"
    )
    assert (code, "sheet.pdf" in out) == (0, True)
    data = (tmp_path / "sheet.pdf").read_bytes()
    assert data.startswith(b"%PDF")
    box = data.split(b"/MediaBox [")[1].split(b"]")[0].split()
    assert [round(float(number)) for number in box] == [0, 0, 612, 792]
