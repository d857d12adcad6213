"""Digits read where there are none, and how far confidences of readings can be trusted.

What is measured
    drawings      for each kind of picture without a digit: pictures in which a digit is accepted,
                  and pictures that are read at all (with "?")
    digits        of synthetic pages, close crops and single digits: the share of digits that are
                  found, right, and right and accepted; digits accepted wrongly
    calibration   expected calibration error of the confidences of digits, numbers and readings

How
    Pictures are drawn from seeds and digits that did not fit the weights of the evidence
    (`scripts/make_evidence.py`); kinds of drawings that did are marked. Intervals: 95 %, Wilson for
    shares, bootstrap for calibration.

    python benchmarks/refusals.py --pictures 300 --drawings 10
    python benchmarks/refusals.py --fonts /usr/share/fonts/truetype/liberation   # for words
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from command_line import print_json
from machine import machine
from tables import print_table

import tenfold
from tenfold.core.errors import NoDigitError
from tenfold.data.synthetic.drawings import DRAWINGS, draw_drawing
from tenfold.data.synthetic.pages import Digits
from tenfold.data.synthetic.pictures import draw_picture
from tenfold.handwriting.evidence import overlap
from tenfold.handwriting.reading_order import reading_order
from tenfold.metrics import expected_calibration_error
from tenfold.metrics.score import wilson_interval

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from make_evidence import FOUND, HELD_OUT, IGNORED

SEED = 21


def read(pixels):
    """Return the reading of a picture, or None without a digit."""
    try:
        return tenfold.read(pixels, budget=None)
    except NoDigitError:
        return None


def measure_drawings(n, fonts):
    """Return for each kind: n, pictures with an accepted digit, pictures with a digit or "?"."""
    counts = {}
    for kind in DRAWINGS:
        accepted = read_at_all = 0
        for index in range(n):
            generator = np.random.default_rng([SEED, DRAWINGS.index(kind), index])
            reading = read(draw_drawing(generator, kind, fonts))
            if reading is not None:
                read_at_all += 1
                accepted += any(digit.accepted for digit in reading.digits)
        counts[kind] = (n, accepted, read_at_all)
    return counts


def true_lines(page):
    """Return the lines of numbers on a page, as they would be read."""
    lines = reading_order(page.boxes.round().astype(np.int64)) if len(page.boxes) else []
    return [["".join(str(page.labels[i]) for i in number) for number in line] for line in lines]


def measure_pages(n):
    """Return counts of digits, and pairs of confidence and correctness by level."""
    validation = tenfold.load("mnist").validation
    half = slice(1, None, 2)  # the others fitted the weights
    digits = Digits(validation.images[half], validation.labels[half], SEED)
    counts = dict.fromkeys(("digits", "right", "accepted", "wrong"), 0)
    pairs = {"digit": [], "number": [], "reading": []}
    for index in range(n):
        generator = np.random.default_rng([SEED, index])
        kind = str(generator.choice(["page", "crop", "image"], p=[0.55, 0.3, 0.15]))
        page = draw_picture(generator, digits, (), kind=kind)
        counts["digits"] += len(page.boxes)
        reading = read(page.pixels)
        if reading is None:
            continue
        boxes = np.array([digit.box for digit in reading.digits])
        shared = np.pad(overlap(boxes, page.boxes), [(0, 0), (0, 1)])
        truth = np.append(page.labels, -1)[shared.argmax(axis=1)]
        found = shared.max(axis=1) > FOUND
        unsure = np.pad(overlap(boxes, page.ignored), [(0, 0), (0, 1)]).max(axis=1) > IGNORED
        for i, digit in enumerate(reading.digits):
            right = bool(found[i]) and digit.label == str(truth[i])
            if found[i] or not unsure[i]:
                pairs["digit"].append((digit.confidence, right))
                counts["right"] += right
                counts["accepted"] += right and digit.accepted
                counts["wrong"] += digit.accepted and not right
        if not len(page.ignored):
            lines = true_lines(page)
            numbers = [number for line in lines for number in line]
            read_lines = [
                ["".join(digit.label for digit in number.digits) for number in row]
                for row in reading.rows
            ]
            pairs["reading"].append((reading.confidence, read_lines == lines))
            pairs["number"] += [
                (number.confidence, "".join(digit.label for digit in number.digits) in numbers)
                for number in reading.numbers
            ]
    return counts, pairs


def calibration(pairs):
    """Return n, mean confidence, share of right ones and calibration error of pairs, in %."""
    confidence, right = (np.array(column, float) for column in zip(*pairs, strict=True))
    both = np.column_stack([confidence, 1 - confidence])
    error = expected_calibration_error(both, np.where(right > 0, 0, 1))
    return {
        "n": len(right),
        "confidence": 100 * float(confidence.mean()),
        "right": 100 * float(right.mean()),
        "error": 100 * error.value,
        "interval": f"{100 * error.low:.2f} to {100 * error.high:.2f}",
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=300, help="with digits")
    parser.add_argument("--drawings", type=int, default=10, help="of each kind")
    parser.add_argument("--fonts", type=Path, help="folder of fonts for words")
    arguments = parser.parse_args()
    fonts = sorted(map(str, arguments.fonts.rglob("*.[to]tf"))) if arguments.fonts else ()
    drawings = measure_drawings(arguments.drawings, fonts)
    groups = {
        "kinds that fitted": [kind for kind in DRAWINGS if kind not in HELD_OUT],
        "other kinds": list(HELD_OUT),
    }
    totals = {name: np.sum([drawings[k] for k in kinds], axis=0) for name, kinds in groups.items()}
    rows = [[name, *map(str, row)] for name, row in (*drawings.items(), *totals.items())]
    print_table("drawings", ["", "n", "a digit accepted", "read"], rows)
    counts, pairs = measure_pages(arguments.pictures)
    for name in ("right", "accepted"):
        low, high = wilson_interval(counts[name], counts["digits"])
        share = 100 * counts[name] / counts["digits"]
        print(f"{name}: {share:.1f} % of {counts['digits']} ({100 * low:.1f} to {100 * high:.1f})")
    print(f"accepted wrongly: {counts['wrong']}")
    levels = {level: calibration(each) for level, each in pairs.items()}
    header = ["", "n", "confidence %", "right %", "calibration error %", "interval"]
    print_table("calibration", header, [
        [level, str(row["n"]), *(f"{row[k]:.2f}" for k in ("confidence", "right", "error")),
         row["interval"]] for level, row in levels.items()
    ])  # fmt: skip
    print_json({"machine": machine(), "drawings": drawings, "digits": counts, "levels": levels})


if __name__ == "__main__":
    main()
