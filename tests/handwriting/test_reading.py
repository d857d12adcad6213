"""Reading whole pictures with the network that comes with tenfold."""

import csv
import io
import json

import numpy as np
import pytest
from PIL import Image

import tenfold
from tenfold import InputError
from tenfold.core.assets import READER
from tenfold.data.synthetic import REJECT_CLASS, add_upstrokes, cross_stems
from tenfold.handwriting import detect_digits
from tenfold.handwriting.annotation import annotate
from tenfold.handwriting.reading import default_predictor, read, to_reading


def paper(rows, scale=3, gap=24, margin=30):
    """Digits [n, 28, 28] of each row, dark on light paper, with wider gaps where None stands."""
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
    found = read(page)
    assert found.text == "40 963\n72"
    assert str(found) == found.text
    assert [len(line) for line in found.lines] == [5, 2]
    assert [d.label for d in found.digits] == list("4096372")
    assert found.size == (page.shape[1], page.shape[0])
    for digit in found.digits:
        left, top, right, bottom = digit.box
        assert 0 <= left < right <= page.shape[1]
        assert 0 <= top < bottom <= page.shape[0]
        assert digit.image.shape == (28, 28)
        assert digit.confidence >= default_predictor().threshold
    lefts = [digit.box[0] for digit in found.lines[0]]
    assert lefts == sorted(lefts)


def test_any_form_of_a_picture_reads_alike(page, tmp_path):
    Image.fromarray(page).save(tmp_path / "page.png")
    colour = np.repeat(page[..., None], 3, axis=2)
    forms = [tmp_path / "page.png", str(tmp_path / "page.png"), Image.fromarray(page), colour]
    assert {read(form).text for form in forms} == {read(page).text}
    assert read(255 - page).text == read(page).text


def test_the_unsure_is_a_question_mark_and_what_is_no_digit_is_left_out(page, monkeypatch):
    names = (*map(str, range(10)), REJECT_CLASS)
    sure, unsure, other = np.zeros((3, 11), np.float32)
    sure[[5, 1]] = 0.99, 0.01
    unsure[[5, 1]] = 0.55, 0.45
    other[[10, 1]] = 0.9, 0.1

    class Fake:
        class_names, image_shape, path = names, (28, 28), "fake"
        rank = tenfold.Predictor.rank

        def __call__(self, crops):
            return np.stack([sure, unsure, other, sure, sure, other, other])

        def accepts(self, probabilities):
            return probabilities.max(axis=-1) > 0.8

    found = to_reading(detect_digits(page), Fake())
    assert found.text == "5? 55"
    assert len(found.rejected) == 3
    assert [digit.accepted for digit in found.digits] == [True, False, True, True]


def test_nothing_but_strange_things_is_no_digit(page):
    class Fake:
        class_names, image_shape, path = (REJECT_CLASS, "1"), (28, 28), "fake"
        rank = tenfold.Predictor.rank

        def __call__(self, crops):
            return np.repeat(np.array([[0.9, 0.1]], np.float32), len(crops), axis=0)

        def accepts(self, probabilities):
            return np.ones(len(probabilities), bool)

    with pytest.raises(InputError, match="looks like something else"):
        read(page, Fake())


def test_annotated_pictures_hold_the_picture_and_all_crops(page, tmp_path):
    found = read(page)
    annotate(page, found, tmp_path / "out.png")
    drawn = np.asarray(Image.open(tmp_path / "out.png"))
    assert drawn.shape[0] > page.shape[0]
    left, top, right, bottom = found.digits[0].box
    middle = drawn[(top + bottom) // 2, left - 2 : right + 3]
    assert tuple(middle[0]) == tuple(middle[-1]) == (0, 114, 178)
    with pytest.raises(InputError, match=r"ends in \.png"):
        annotate(page, found, tmp_path / "out.jpg")


def test_the_command_prints_text_json_or_csv(page, tmp_path, tenfold_main, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(page).save("page.png")
    code, out, _ = tenfold_main("read", "page.png", "--annotate", "out.png")
    lines = out.splitlines()
    assert code == 0
    assert [lines[0], lines[1].strip(), lines[3].strip()] == ["page.png", "40 963", "72"]
    assert lines[2].split()[::3] == list("40963")
    assert Image.open("out.png").width >= page.shape[1]
    found = json.loads(tenfold_main("read", "page.png", "--json")[1])
    assert (found["file"], found["text"]) == ("page.png", "40 963\n72")
    assert found["lines"][0][1][0]["label"] == "9"
    rows = list(csv.DictReader(io.StringIO(tenfold_main("read", "page.png", "--csv")[1])))
    assert [row["label"] for row in rows] == list("4096372")
    assert [(row["line"], row["number"]) for row in rows][1:3] == [("1", "1"), ("1", "2")]


def test_in_a_batch_the_others_go_on_and_the_failed_are_named(
    page, tmp_path, tenfold_main, monkeypatch
):
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
        ("page.png --model nowhere.onnx", "nowhere.onnx: no such file"),
        ("page.png --model page.png", "not an ONNX file"),
        ("empty.png", "no digit"),
        ("", "PICTURE"),
    ],
)
def test_what_is_refused(options, words, page, tmp_path, tenfold_main, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(page).save("page.png")
    Image.new("L", (300, 200), 240).save("empty.png")
    code, out, error = tenfold_main("read", *options.split())
    assert (code, out) == (2, "")
    assert words in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "out.png").exists()


def test_the_shipped_file_is_small_and_says_what_it_is():
    card = default_predictor().card
    assert READER.stat().st_size <= 1_000_000
    assert card["class_names"] == [*map(str, range(10)), REJECT_CLASS]
    assert card["recipe"]["name"] == "reader"


def test_it_knows_barred_sevens_and_ones_with_an_upstroke(mnist):
    digits = mnist.validation
    for write, label in ((cross_stems, 7), (add_upstrokes, 1)):
        images = write(digits.images[digits.labels == label], 7)
        probabilities = default_predictor()(images)
        assert (probabilities.argmax(axis=1) == label).mean() > 0.9
        wrong = default_predictor().accepts(probabilities) & (probabilities.argmax(axis=1) != label)
        assert wrong.mean() < 0.02


# How a page lies


@pytest.fixture(scope="module")
def many(plain):
    return paper([[plain[k] for k in row] for row in ([4, 0, 2, 3, 5, 7], [7, 2, 4, 5, 3, 1])])


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_page_that_lies_on_its_side_or_upside_down_is_turned(turns, many, tmp_path):
    lying = np.rot90(many, -turns)
    found = read(lying)
    assert found.quarter_turns == turns
    assert found.text == "402357\n724531"
    assert found.size == (many.shape[1], many.shape[0])
    assert found.to_json()["turned"] == 90 * turns
    annotate(lying, found, tmp_path / "out.png")
    drawn = Image.open(tmp_path / "out.png")
    assert np.abs(np.asarray(drawn.convert("L"))[5, 5].astype(int) - many[5, 5]) < 3
    assert drawn.width == max(many.shape[1], 480)


def test_few_digits_do_not_tell_how_they_lie(plain):
    nines = paper([[plain[9], plain[9], plain[9]]])
    assert read(np.rot90(nines, 2)).quarter_turns == 0
    assert read(np.rot90(nines, 2)).text == "666"


def test_the_command_says_that_it_turned_a_page(many, tmp_path, tenfold_main, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.rot90(many, 2)).save("down.png")
    code, out, _ = tenfold_main("read", "down.png")
    assert code == 0
    assert out.splitlines()[1] == "  rotated 180 degrees counter-clockwise"
    assert out.splitlines()[2] == "  402357"
