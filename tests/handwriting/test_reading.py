"""Pictures are read with the packaged reader."""

import csv
import io
import json
from types import MappingProxyType

import numpy as np
import pytest
from PIL import Image, ImageDraw

import tenfold
from tenfold import InputError
from tenfold.core.assets import READER
from tenfold.data.synthetic import REJECT_CLASS, add_upstrokes, cross_stems
from tenfold.export.predictor import default_predictor
from tenfold.handwriting import detect_digits
from tenfold.handwriting.annotation import annotate
from tenfold.handwriting.reading import read
from tenfold.handwriting.ways import to_reading


def paper(rows, scale=3, gap=24, margin=30):
    """Digits [n, 28, 28] of each row, dark on light paper; None is a wider gap."""
    lines = []
    for row in rows:
        cells = []
        for digit in row:
            wide = np.zeros((28 * scale, gap), np.uint8)
            if digit is None:
                cells.append(np.repeat(wide, 6, axis=1))
            else:
                cells += [np.kron(digit, np.ones((scale, scale), np.uint8)), wide]
        lines.append(np.concatenate(cells, axis=1))
    width = max(line.shape[1] for line in lines)
    padded = [np.pad(line, ((gap, gap), (0, width - line.shape[1]))) for line in lines]
    ink = np.pad(np.concatenate(padded), margin)
    return (235 - 0.85 * ink).astype(np.uint8)


@pytest.fixture
def page(plain):
    rows = [[plain[4], plain[0], None, plain[9], plain[6], plain[3]], [plain[7], plain[2]]]
    return paper(rows)


def test_lines_numbers_and_digits_come_in_order(page):
    reading = read(page)
    assert reading.text == "40 963\n72"
    assert str(reading) == reading.text
    assert [len(line) for line in reading.lines] == [5, 2]
    assert [d.label for d in reading.digits] == list("4096372")
    assert reading.size == (page.shape[1], page.shape[0])
    for digit in reading.digits:
        left, top, right, bottom = digit.box
        assert 0 <= left < right <= page.shape[1]
        assert 0 <= top < bottom <= page.shape[0]
        assert digit.image.shape == (28, 28)
        assert digit.confidence >= default_predictor().threshold
    lefts = [digit.box[0] for digit in reading.lines[0]]
    assert lefts == sorted(lefts)


def test_all_types_of_a_picture_give_the_same_reading(page, tmp_path):
    Image.fromarray(page).save(tmp_path / "page.png")
    colour = np.repeat(page[..., None], 3, axis=2)
    forms = [tmp_path / "page.png", str(tmp_path / "page.png"), Image.fromarray(page), colour]
    assert {read(form).text for form in forms} == {read(page).text}
    assert read(255 - page).text == read(page).text


def test_unsure_digits_are_question_marks_and_rejected_ones_left_out(page, monkeypatch):
    names = (*map(str, range(10)), REJECT_CLASS)
    confident, unsure, rejected = np.zeros((3, 11), np.float32)
    confident[[5, 1]] = 0.99, 0.01
    unsure[[5, 1]] = 0.55, 0.45
    rejected[[10, 1]] = 0.9, 0.1

    class Fake:
        class_names, image_shape, path = names, (28, 28), "fake"
        rank = tenfold.Predictor.rank
        card = MappingProxyType({"border": 0.0})

        def __call__(self, crops, pixels):
            return np.stack([confident, unsure, rejected, confident, confident, rejected, rejected])

        def accepts(self, probabilities):
            return probabilities.max(axis=-1) > 0.8

    reading = to_reading(detect_digits(page), Fake())
    assert reading.text == "5? 55"
    assert len(reading.rejected) == 3
    assert [digit.accepted for digit in reading.digits] == [True, False, True, True]


def test_a_picture_of_rejected_detections_contains_no_digit(page):
    class Fake:
        class_names, image_shape, path = (REJECT_CLASS, "1"), (28, 28), "fake"
        card = MappingProxyType({"border": 0.0})
        rank, multi_label = tenfold.Predictor.rank, False
        require_one_class = tenfold.Predictor.require_one_class

        def __call__(self, crops, pixels):
            return np.repeat(np.array([[0.9, 0.1]], np.float32), len(crops), axis=0)

        def accepts(self, probabilities):
            return np.ones(len(probabilities), bool)

    with pytest.raises(InputError, match="does not look like digits"):
        read(page, Fake())


class _Digits:
    """A network for the ten digits that names each as the packaged reader, moved by some."""

    class_names, image_shape, path, multi_label = tuple("0123456789"), (28, 28), "own", False
    card = MappingProxyType({"border": 0.0})
    rank, require_one_class = tenfold.Predictor.rank, tenfold.Predictor.require_one_class

    def __init__(self, by):
        self.by = by

    def __call__(self, crops, pixels):
        digits = default_predictor()(crops, pixels)[:, :10]
        return np.roll(digits / digits.sum(axis=1, keepdims=True), self.by, axis=1)

    def accepts(self, probabilities):
        return probabilities.max(axis=-1) > 0.8


def test_other_networks_for_digits_classify_what_the_reader_finds(page):
    by_reader, own = read(page), read(page, _Digits(by=0))
    assert own.text == by_reader.text
    assert [digit.box for digit in own.digits] == [digit.box for digit in by_reader.digits]
    assert {digit.probabilities.shape for digit in own.digits} == {(10,)}
    wrong_length = read(page, _Digits(by=0), expect=9)
    assert not any(digit.accepted for digit in wrong_length.digits)


class _OfAnotherScript(_Digits):
    """Shares the one alone with MNIST, as Arabic digits do."""

    def __call__(self, crops, pixels):
        return super().__call__(crops, pixels)[:, [2, 1, 3, 4, 5, 6, 7, 8, 9, 0]]


def test_digits_of_another_script_are_not_lost_beside_the_ones_that_both_share():
    page = Image.new("L", (420, 200), 235)
    pen = ImageDraw.Draw(page)
    for x in (60, 140, 340):
        pen.line([(x, 50), (x, 150)], 20, 9)
    for line in ([(215, 50), (275, 150)], [(275, 50), (215, 150)]):  # no digit of MNIST
        pen.line(line, 20, 9)
    assert len(read(page).digits) < 4
    assert len(read(page, _OfAnotherScript(by=0)).digits) == 4


def test_networks_for_another_script_classify_what_rules_of_shape_find(page):
    labels = "".join(digit.label for digit in read(page, _Digits(by=1)).digits)
    assert labels == "5107483"
    with pytest.raises(InputError, match="no digit"):
        read(np.full((60, 60), 230, np.uint8), _Digits(by=0))


def test_annotated_pictures_contain_the_picture_and_all_crops(page, tmp_path):
    reading = read(page)
    annotate(page, reading, tmp_path / "out.png")
    drawn = np.asarray(Image.open(tmp_path / "out.png"))
    assert drawn.shape[0] > page.shape[0]
    left, top, right, bottom = reading.digits[0].box
    middle = drawn[(top + bottom) // 2, left - 2 : right + 3]
    assert tuple(middle[0]) == tuple(middle[-1]) == (0, 114, 178)
    with pytest.raises(InputError, match=r"ends in \.png"):
        annotate(page, reading, tmp_path / "out.jpg")


def test_the_command_prints_text_json_or_csv(page, tmp_path, tenfold_main, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(page).save("page.png")
    code, out, _ = tenfold_main("read", "page.png", "--annotate", "out.png")
    lines = out.splitlines()
    assert code == 0
    assert [lines[0], lines[1].strip(), lines[3].strip()] == ["page.png", "40 963", "72"]
    assert lines[2].split()[::3] == list("40963")
    assert Image.open("out.png").width >= page.shape[1]
    result = json.loads(tenfold_main("read", "page.png", "--json")[1])
    assert (result["file"], result["text"]) == ("page.png", "40 963\n72")
    assert result["lines"][0][1][0]["label"] == "9"
    rows = list(csv.DictReader(io.StringIO(tenfold_main("read", "page.png", "--csv")[1])))
    assert [row["label"] for row in rows] == list("4096372")
    assert [(row["line"], row["number"]) for row in rows][1:3] == [("1", "1"), ("1", "2")]


def test_a_batch_continues_and_names_the_failed_pictures(page, tmp_path, tenfold_main, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(page).save("page.png")
    (tmp_path / "text.jpg").write_text("no picture")
    code, out, error = tenfold_main("read", "text.jpg", "page.png", "nowhere.png", "--json")
    assert code == 2
    assert [json.loads(line)["file"] for line in out.splitlines()] == ["page.png"]
    assert error.splitlines()[-1] == "tenfold: 2 of 3 not read: text.jpg, nowhere.png"
    assert len(error.splitlines()) == 3
    assert error.startswith("tenfold: text.jpg is not a picture")
    Image.new("L", (300, 200), 240).save("empty.png")
    error = tenfold_main("read", "page.png", "empty.png")[2]
    assert error.startswith("tenfold: empty.png: no digit found")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("nowhere.png", "nowhere.png"),
        ("page.png page.png --annotate out.png", "2 pictures"),
        ("page.png --annotate out.gif", "out.gif"),
        ("page.png --json --csv", "give one of them"),
        ("page.png page.png --table", "2 pictures"),
        ("page.png --region 1,2,3", "--region 1,2,3: give left,top,width,height"),
        ("page.png --region 0,0,9999,9999", "is not within the picture"),
        ("page.png --expect 0", "--expect"),
        ("page.png --model nowhere.onnx", "nowhere.onnx: no such file"),
        ("page.png --model page.png", "not an ONNX file"),
        ("empty.png", "no digit"),
        ("", "PICTURE"),
    ],
)
def test_invalid_input_is_refused(options, words, page, tmp_path, tenfold_main, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(page).save("page.png")
    Image.new("L", (300, 200), 240).save("empty.png")
    code, out, error = tenfold_main("read", *options.split())
    assert (code, out) == (2, "")
    assert words in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "out.png").exists()


def test_the_packaged_file_is_small_and_has_a_model_card():
    card = default_predictor().card
    assert READER.stat().st_size <= 1_000_000
    assert card["class_names"] == [*map(str, range(10)), REJECT_CLASS]
    assert card["recipe"]["name"] == "reader"


def test_barred_sevens_and_ones_with_an_upstroke_are_classified_correctly(mnist):
    digits = mnist.validation
    for write, label in ((cross_stems, 7), (add_upstrokes, 1)):
        images = write(digits.images[digits.labels == label], 7)
        probabilities = default_predictor()(images)
        assert (probabilities.argmax(axis=1) == label).mean() > 0.9
        wrong = default_predictor().accepts(probabilities) & (probabilities.argmax(axis=1) != label)
        assert wrong.mean() < 0.02


# Orientation


@pytest.fixture(scope="module")
def many(plain):
    return paper([[plain[k] for k in row] for row in ([4, 0, 2, 3, 5, 7], [7, 2, 4, 5, 3, 1])])


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_page_on_its_side_or_upside_down_is_rotated(turns, many, tmp_path):
    rotated = np.rot90(many, -turns)
    reading = read(rotated)
    assert reading.quarter_turns == turns
    assert reading.text == "402357\n724531"
    assert reading.size == (many.shape[1], many.shape[0])
    assert reading.to_json()["turned"] == 90 * turns
    annotate(rotated, reading, tmp_path / "out.png")
    drawn = Image.open(tmp_path / "out.png")
    assert np.abs(np.asarray(drawn.convert("L"))[5, 5].astype(int) - many[5, 5]) < 3
    assert drawn.width == max(many.shape[1], 480)


def test_a_picture_with_few_digits_is_not_rotated(plain):
    nines = paper([[plain[9], plain[9], plain[9]]])
    assert read(np.rot90(nines, 2)).quarter_turns == 0
    assert read(np.rot90(nines, 2)).text == "666"


def test_the_command_reports_the_rotation(many, tmp_path, tenfold_main, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.rot90(many, 2)).save("down.png")
    code, out, _ = tenfold_main("read", "down.png")
    assert code == 0
    assert out.splitlines()[1] == "  rotated 180 degrees counter-clockwise"
    assert out.splitlines()[2] == "  402357"
