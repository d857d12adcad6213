"""Parts of ink that a network judges: cut again, and close crops judged as a whole."""

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tenfold.handwriting import find
from tenfold.handwriting.close_crops import as_one_digit, filling, settled
from tenfold.handwriting.components import Part
from tenfold.handwriting.digit_scores import Judged, wide_cost
from tenfold.handwriting.long_stems import without_tails
from tenfold.handwriting.pipeline import crop
from tenfold.handwriting.reading import judge_of, read, shipped
from tenfold.handwriting.segmentation import _cheapest, between, candidates, doubtful


@pytest.fixture(scope="module")
def plain(mnist):
    """A test image of each digit that the reader is sure of."""
    images, labels = mnist.test.images[:1000], mnist.test.labels[:1000]
    chances = shipped()(images)[np.arange(1000), labels]
    return [images[max(np.flatnonzero(labels == k), key=lambda i: chances[i])] for k in range(10)]


def large(image, times=6):
    size = (image.shape[1] * times, image.shape[0] * times)
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))


def touching(plain, text, overlap=2):
    """Digits side by side that share some columns of ink."""
    ink = np.zeros((28, 0), np.uint8)
    for character in text:
        digit = plain[int(character)]
        digit = digit[:, (digit > 127).any(axis=0)]
        wider = np.pad(ink, ((0, 0), (0, max(0, digit.shape[1] - min(overlap, ink.shape[1])))))
        place = wider[:, wider.shape[1] - digit.shape[1] :]
        np.maximum(place, digit, out=place)
        ink = wider
    return 255 - np.pad(large(ink), 60)


def part_of(mask):
    return Part(mask, 0, 0)


def judged_as(parts, certainties):
    answers = np.zeros((len(parts), 11), np.float32)
    answers[:, 3] = certainties
    answers[:, 10] = 1 - answers[:, 3]
    return Judged(parts, np.zeros((len(parts), 28, 28), np.uint8), answers)


@pytest.mark.parametrize("text", ["24", "53"])
def test_touching_digits_are_cut_where_they_are_read_surely(text, plain):
    assert read(touching(plain, text)).text == text


def test_without_a_judge_nothing_is_judged(plain):
    page = find(touching(plain, "24"))
    assert page.answers is None
    judged = find(touching(plain, "24"), judge=judge_of(shipped()))
    assert judged.answers.shape == (2, 11)
    assert (judged.answers.argmax(axis=1) == [2, 4]).all()


def test_the_cheapest_path_is_that_of_all_paths():
    generator = np.random.default_rng(0)
    nodes = 6
    spans = [(i, j) for i in range(nodes) for j in range(i + 1, nodes)]
    for _ in range(20):
        costs = generator.uniform(0, 3, len(spans)).tolist()
        prices = [0.0, *generator.uniform(0, 1, nodes - 2).tolist(), 0.0]
        price_of = dict(zip(spans, costs, strict=True))
        totals = []
        for chosen in range(2 ** (nodes - 2)):
            stops = [0, *(k for k in range(1, nodes - 1) if chosen >> (k - 1) & 1), nodes - 1]
            ways = list(pairwise(stops))
            totals.append(sum(price_of[way] + prices[way[1]] for way in ways))
        cost, path = _cheapest(spans, costs, prices)
        assert cost == pytest.approx(min(totals))
        assert (spans[path[0]][0], spans[path[-1]][1]) == (0, nodes - 1)
    assert _cheapest([(0, 1)], [1.0], [0.0, 0.5, 0.0]) is None


def test_a_cut_parts_the_ink_and_loses_none():
    picture = Image.new("1", (200, 100))
    draw = ImageDraw.Draw(picture)
    draw.ellipse([5, 5, 95, 95], outline=1, width=8)
    draw.ellipse([95, 5, 190, 95], outline=1, width=8)
    part = part_of(np.asarray(picture))
    cuts = candidates(part, 8)
    assert len(cuts) > 3
    for cut in cuts:
        assert (np.abs(np.diff(cut)) <= 1).all()
    ends = [np.zeros(100, int), *cuts, np.full(100, 200)]
    pieces = [between(part, a, b) for a, b in pairwise(ends)]
    assert sum(piece.mask.sum() for piece in pieces if piece) == part.mask.sum()
    assert between(part, ends[0], ends[0]) is None


def test_what_is_wide_or_unsure_is_doubtful():
    narrow, wide = part_of(np.ones((10, 5), bool)), part_of(np.ones((10, 14), bool))
    assert wide_cost(narrow) == 0
    assert wide_cost(wide) > 3
    assert not doubtful(judged_as([narrow], [0.99]))
    assert doubtful(judged_as([narrow], [0.5]))
    assert doubtful(judged_as([narrow, narrow], [0.99, 0.99]))  # cut by shape alone
    assert doubtful(judged_as([wide], [0.999]))


def test_groups_are_put_together_and_taken_apart():
    parts = [part_of(np.ones((10, k), bool)) for k in range(1, 6)]
    whole = judged_as(parts, [0.1, 0.2, 0.3, 0.4, 0.5])
    groups = whole.split([2, 3])
    assert [len(group.parts) for group in groups] == [2, 1, 2]
    again = Judged.joined(groups)
    assert again.parts == parts
    np.testing.assert_array_equal(again.answers, whole.answers)


def crop_with_neighbours(plain, digit, left, right):
    """A digit with the inner halves of two others touching it, cut at the picture's edges."""
    halves = [large(plain[k])[:, 28:140] for k in (left, digit, right)]
    ink = np.concatenate([halves[0][:, 60:], halves[1][:, 6:-6], halves[2][:, :50]], axis=1)
    return 235 - (0.8 * ink[20:150]).astype(np.uint8)


@pytest.mark.parametrize(
    ("digit", "left", "right"), [(2, 3, 5), (5, 0, 3), (8, 4, 2), (9, 2, 6), (4, 0, 5)]
)
def test_a_crop_with_pieces_of_neighbours_is_one_digit(digit, left, right, plain):
    assert read(crop_with_neighbours(plain, digit, left, right)).text in (str(digit), "?")
    found = read(crop_with_neighbours(plain, digit, left, right))
    assert [d.label for d in found.digits] == [str(digit)]


def test_a_close_crop_is_settled_where_its_digits_are_whole_and_sure():
    size, inner = (100, 100), np.ones((60, 30), bool)
    whole, cut_off = Part(inner, 30, 20), Part(inner, 0, 20)
    assert settled(judged_as([whole], [0.95]), size)
    assert settled(judged_as([whole, Part(inner, 62, 20)], [0.95, 0.95]), size)
    assert not settled(judged_as([whole], [0.5]), size)
    assert not settled(judged_as([cut_off], [0.95]), size)
    assert settled(judged_as([cut_off], [0.995]), size)
    assert not settled(judged_as([whole, cut_off], [0.995, 0.995]), size)


def test_the_answer_of_a_close_crop_is_the_mean_of_its_views():
    ink = np.zeros((100, 100), bool)
    ink[20:80, 40:60] = True
    pieces = judged_as([Part(ink[20:80, 40:60], 40, 20)], [0.4])

    def judge(crops):
        assert crops.shape == (3, 28, 28)
        answers = np.zeros((3, 11), np.float32)
        answers[:, 7] = [0.9, 0.6, 0.3]
        answers[:, 10] = [0.1, 0.4, 0.7]
        return answers

    found = as_one_digit(pieces, ink, ink, judge)
    expected = (0.6 + 0.5 * 0.0) / 1.5
    assert found.answers[0, 7] == pytest.approx(expected)
    assert found.answers[0, 3] == pytest.approx(0.5 * 0.4 / 1.5)
    assert found.answers[0, 10] == 0
    refused = as_one_digit(pieces, ink, ink, lambda crops: np.eye(11, dtype=np.float32)[[10] * 3])
    assert refused.answers.argmax() == 10


def filled_by(image, width, light):
    """A digit's box alone, its pen broad, stretched to 128 pixels by some width."""
    ink = image > 60
    box = ink[ink.any(axis=1)][:, ink.any(axis=0)]
    levels = Image.fromarray(box * np.uint8(255)).resize((width, 128), Image.Resampling.BICUBIC)
    picture = np.where(np.asarray(levels) > 90, 220, 20).astype(np.uint8)
    return picture if light else 240 - picture


@pytest.mark.parametrize("light", [False, True])
@pytest.mark.parametrize(("digit", "width"), [(6, 128), (8, 128), (9, 170)])
def test_a_digit_that_fills_the_picture_is_read(digit, width, light, plain):
    picture = filled_by(plain[digit], width, light)
    found = read(picture)
    assert [d.label for d in found.digits] == [str(digit)]
    page = find(picture, judge=judge_of(shipped()))
    assert page.light_on_dark == light
    assert page.size == (width, 128)


def test_what_has_a_margin_or_no_contrast_fills_no_picture(plain):
    def judge(crops):
        raise AssertionError("asked about a picture that no digit fills")

    small = np.stack([filled_by(plain[8], 128, light=False)] * 3, axis=2)
    aside = np.pad(small, ((2, 2), (2, 2), (0, 0)), constant_values=220)
    assert filling(aside, crop, judge) is None
    assert filling(np.full_like(small, 90), crop, judge) is None


# Long stems


def line_with_long_nine(plain, length):
    """A 3, a nine of 40 pixels' width whose stem ends `length` pixels below its top, and a 5."""
    page = Image.new("L", (640, 460), 235)
    for place, label in ((60, 3), (460, 5)):
        page.paste(Image.fromarray(255 - large(plain[label], 5)), (place, 80))
    pen = ImageDraw.Draw(page)
    pen.ellipse((300, 100, 340, 150), outline=20, width=9)
    pen.line([(336, 110), (334, 180), (322, 100 + length)], fill=20, width=9)
    return page


@pytest.mark.parametrize("length", [110, 250, 320])
def test_a_nine_is_read_however_long_its_stem(plain, length):
    picture = line_with_long_nine(plain, length)
    reading = read(picture)
    assert reading.text == "395"
    assert reading.digits[1].box[3] == pytest.approx(100 + length, abs=8)


def stems(pieces, judge):
    return without_tails(
        pieces, 100, 10, lambda part: np.full((28, 28), part.height, np.uint8), judge
    )


def test_only_a_long_digit_that_ends_in_one_stroke_is_named_by_its_head():
    straight = np.zeros((200, 60), bool)
    straight[:, 30:40] = True
    short, bowl = straight[:130], straight.copy()
    bowl[150:, 0:10] = bowl[190:] = True
    asked = []

    def judge(crops):
        asked.extend(crops[:, 0, 0].tolist())
        return np.eye(11, dtype=np.float32)[[9] * len(crops)]

    pieces = judged_as([part_of(mask) for mask in (straight, short, bowl)], 0.9)
    found = stems(pieces, judge)
    assert asked == [120]
    assert found.answers.argmax(axis=1).tolist() == [9, 3, 3]
    assert found.parts == pieces.parts
    unsure = stems(pieces, lambda crops: np.full((len(crops), 11), 1 / 11, np.float32))
    np.testing.assert_array_equal(unsure.answers, pieces.answers)
