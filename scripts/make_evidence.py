"""Fit the weights of the evidence that a detection is a digit.

    python scripts/make_evidence.py --folder evidence     # minutes of one core; resumes

Pictures are composed from MNIST's validation digits, on which neither the reader nor the detector
were trained, and from drawings without a digit (`tenfold.data.synthetic.pictures`). Each is read
by the rules of shape and by the detector network, and a logistic regression learns from the
evidence (`tenfold.handwriting.evidence`) which detections are digits. Some kinds of drawings are
left out: `benchmarks/refusals.py` measures on them.
"""

import argparse
import json
import pickle
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

import tenfold
from tenfold.core.assets import EVIDENCE
from tenfold.core.errors import NoDigitError
from tenfold.core.files import atomic_path
from tenfold.data.synthetic.drawings import DRAWINGS
from tenfold.data.synthetic.pages import Digits
from tenfold.data.synthetic.pictures import draw_picture
from tenfold.export.predictor import default_predictor
from tenfold.handwriting.choice import measure
from tenfold.handwriting.classifier import Classifier
from tenfold.handwriting.evidence import IS_DIGIT, overlap
from tenfold.handwriting.picture import load_picture
from tenfold.handwriting.ways import Hints, read_in_both_ways

HELD_OUT = ("straight scribble", "heart", "star", "spiral", "hatching", "frames", "house", "weave",
            "check list", "letter")  # fmt: skip
"""Kinds of drawings that are only measured."""
SEED, PART, DRAWN, WORDS = 20, 25, 0.5, 8
"""Pictures of a file, weight of detections in drawings, and further words for each kind."""
SHIFT = 0.75
"""Added to the bias: detections in real pictures are digits more often than in these. Chosen on the
development half of real pictures (docs/log/handwriting.md)."""
FOUND, IGNORED = 0.35, 0.2  # intersection by union with a digit, and with what may be one or not


def widened(boxes):
    """Return boxes at least half as wide as high, as the overlap of thin ones varies too much."""
    middle = boxes[:, [0, 2]].mean(axis=1)
    half = np.maximum(boxes[:, 2] - boxes[:, 0], (boxes[:, 3] - boxes[:, 1]) / 2) / 2
    return np.column_stack([middle - half, boxes[:, 1], middle + half, boxes[:, 3]])


def observe(page, predictor):
    """Return the evidence of all detections in a picture, and whether they are digits."""
    try:
        picture = load_picture(page.pixels)
        classifier = Classifier.from_predictor(predictor)
        readings, sight, _ = read_in_both_ways(picture, predictor, classifier, Hints())
    except NoDigitError:
        return []
    rows = []
    for reading in (one for one in readings if one.detections and not one.quarter_turns):
        evidence = measure(reading, readings, sight, classifier)
        boxes = np.array([digit.box for digit in reading.detections])
        shared = np.pad(overlap(widened(boxes), widened(page.boxes)), [(0, 0), (0, 1)])
        is_digit = shared.max(axis=1) > FOUND
        unsure = np.pad(overlap(boxes, page.ignored), [(0, 0), (0, 1)]).max(axis=1) > IGNORED
        kept = (is_digit | ~unsure) & ~np.array([digit.is_rejected for digit in reading.detections])
        weight = np.full(len(boxes), 1.0 if len(page.labels) else DRAWN)
        columns = {**evidence, "is digit": is_digit, "weight": weight}
        rows.append({name: column[kept] for name, column in columns.items()})
    return rows


def collect(folder, pictures):
    """Return the evidence in pictures as columns; files of the folder are not made again."""
    predictor, validation = default_predictor(), tenfold.load("mnist").validation
    half = slice(0, None, 2)  # the other half measures
    digits = Digits(validation.images[half], validation.labels[half], SEED)
    kinds = [kind for kind in DRAWINGS if kind not in HELD_OUT] + WORDS * ["words"]
    rows = []
    for part in range(pictures // PART):
        path = folder / f"{part}.pickle"
        if not path.exists():
            found = []
            for index in range(PART):
                generator = np.random.default_rng([SEED, part, index])
                found += observe(draw_picture(generator, digits, kinds), predictor)
            with atomic_path(path) as temporary:
                temporary.write_bytes(pickle.dumps(found))
            print(f"{part + 1} of {pictures // PART}", flush=True)
        rows += pickle.loads(path.read_bytes())
    return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}


def fit(columns):
    """Return the weights of a logistic regression; features are standardized for its penalty."""
    features = np.column_stack([columns[name] for name in IS_DIGIT])
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    model = LogisticRegression(C=0.3, max_iter=3000)
    model.fit((features - mean) / scale, columns["is digit"], columns["weight"])
    weights = model.coef_[0] / scale
    bias = float(model.intercept_[0] - weights @ mean) + SHIFT
    return {"bias": round(bias, 4)} | {
        name: round(float(w), 4) for name, w in zip(IS_DIGIT, weights, strict=True)
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="where evidence is kept")
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--target", type=Path, default=EVIDENCE)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    columns = collect(arguments.folder, arguments.pictures)
    weights = json.loads(EVIDENCE.read_text()) | {"broad": fit(columns)}
    arguments.target.write_text(json.dumps(weights, indent=1) + "\n")
    count = len(columns["weight"])
    print(f"{count} detections, {columns['is digit'].sum()} digits\n{json.dumps(weights)}")


if __name__ == "__main__":
    main()
