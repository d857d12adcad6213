"""Make the network that travels in the package: digits of any pen, and "no digit".

    python scripts/make_reader.py                        # about 20 minutes on two cores
    python scripts/make_reader.py --seeds 3 --epochs 20 --out other.onnx

It learns MNIST's 55,000 training digits and 11,000 drawings that are none
(`tenfold.data.synthetic`), all of them changed at random, as the recipe `reader` says. Then it is
continued, as `tenfold train --from` does it, on digits as other hands write them: MNIST's training
digits with strokes drawn to them. Everything is chosen on validation: 5,000 digits, drawings of
another seed and, at the end, such digits made of validation's. Then it is exported, the mean of its
networks as one file, and verified; and the test set is opened: MNIST's 10,000 digits, 2,000
drawings of a third seed and the 10,000 of Fashion-MNIST. An image is refused where the answer is
"no digit" or less sure than the threshold. Figures are printed as a table, then as one line of
JSON.
"""

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

import tenfold
from tenfold.core.errors import InputError
from tenfold.core.files import atomic_path
from tenfold.data import Dataset, Splits
from tenfold.data.synthetic import (
    KINDS,
    REJECT_CLASS,
    add_upstrokes,
    cross_stems,
    draw_non_digits,
    lengthen_stems,
)
from tenfold.metrics.score import Score, proportion
from tenfold.networks.augmentation import augment
from tenfold.networks.recipes import Augmentation, recipe
from tenfold.runs.export import Exported, export
from tenfold.training.finetune.preparation import finetuning_recipe
from tenfold.training.finetune.pretrained import find_pretrained

TARGET = Path(__file__).parents[1] / "src" / "tenfold" / "assets" / "reader.onnx"
LARGEST = 1_000_000  # bytes
NAMES = (*(str(digit) for digit in range(10)), REJECT_CLASS)
ELEVENTH = NAMES.index(REJECT_CLASS)
DRAWN = {"train": (11_000, 101), "validation": (1_000, 102), "test": (2_000, 103)}
HANDS = ((cross_stems, 7, 1_000), (lengthen_stems, 7, 1_500), (add_upstrokes, 1, 1_200))
"""How digits are written over, of which class, and how many of them to train on."""
BESIDE = 7_400  # digits as they are, beside those of other hands
AGAIN = 2  # epochs of them
HELD_OUT = 150  # of each, made of validation digits
STRESSES = {
    "thinner and thicker": Augmentation(thickness=1.5),
    "slant": Augmentation(shear=0.36),  # the tangent of 20 degrees
    "turned": Augmentation(rotation=20),
    "shifted": Augmentation(shift=2),
    "blurred": Augmentation(blur=1.2),
    "noisy": Augmentation(noise=0.12),
    "neighbours and lines": Augmentation(clutter=1),
}


def splits() -> Splits:
    """MNIST's splits, each with drawings of no digit as an eleventh class."""
    mnist = tenfold.load("mnist")
    parts = {}
    for name, (n, seed) in DRAWN.items():
        digits = getattr(mnist, name)
        drawn = draw_non_digits(n, seed, digits.images)
        parts[name] = Dataset(
            np.concatenate([digits.images, drawn]),
            np.concatenate([digits.labels, np.full(n, ELEVENTH)]),
            NAMES,
            f"MNIST and drawings, {name}",
        )
    source = f"{mnist.source}; no digit: tenfold.data.synthetic, n and seed {DRAWN}"
    return Splits("mnist-and-drawings", source=source, validation_seed=0, **parts)


def other_hands() -> Splits:
    """Sevens and ones as other hands write them, beside digits as they are."""
    mnist = tenfold.load("mnist")
    usual = mnist.train[np.random.default_rng(204).permutation(len(mnist.train))[:BESIDE]]
    train = written(mnist.train, [n for *_, n in HANDS], 201)
    return Splits(
        "other-hands",
        Dataset(
            np.concatenate([train.images, usual.images]),
            np.concatenate([train.labels, usual.labels]),
            usual.class_names,
            "other hands",
        ),
        written(mnist.validation, [HELD_OUT] * len(HANDS), 301),
        None,
        f"{mnist.source}; tenfold.data.synthetic.handwriting_styles",
        0,
    )


def written(digits: Dataset, each: list[int], seed: int) -> Dataset:
    """So many digits of each other hand, made of digits of a split."""
    images, labels = [], []
    for i, ((write, label, _), n) in enumerate(zip(HANDS, each, strict=True)):
        of_class = np.flatnonzero(digits.labels == label)
        chosen = np.random.default_rng(seed + i).permutation(of_class)[:n]
        images.append(write(digits.images[chosen], seed + i))
        labels.append(np.full(n, label))
    return Dataset(
        np.concatenate(images), np.concatenate(labels), digits.class_names, "other hands"
    )


def right(probabilities: np.ndarray, labels: np.ndarray) -> Score:
    """The accuracy where only the ten digits can be answered."""
    hits = int((probabilities[:, :ELEVENTH].argmax(axis=1) == labels).sum())
    return proportion(hits, len(labels))


def answered(predictor: tenfold.Predictor, probabilities: np.ndarray) -> np.ndarray:
    """Which images are read as a digit, and surely enough: bool [n]."""
    found: np.ndarray = predictor.accepts(probabilities)
    return found & (probabilities.argmax(axis=1) != ELEVENTH)


def judge_digits(predictor: tenfold.Predictor, digits: Dataset) -> dict[str, Score]:
    """Accuracy, the share that is answered, and the share of wrong ones among those."""
    probabilities = predictor(digits.images)
    given = answered(predictor, probabilities)
    wrong = given & (probabilities.argmax(axis=1) != digits.labels)
    return {
        "right": right(probabilities, digits.labels),
        "answered": proportion(int(given.sum()), len(given)),
        "wrong among answered": proportion(int(wrong.sum()), int(given.sum())),
    }


def judge_stress(predictor: tenfold.Predictor, digits: Dataset) -> dict[str, Score]:
    """Accuracy on the same digits, changed in one way after the other."""
    import jax

    found = {}
    for i, (name, how) in enumerate(STRESSES.items()):
        changed = np.asarray(augment(jax.random.key(i), digits.scaled(), how))
        found[name] = right(predictor(np.clip(changed, 0, 1)), digits.labels)
    return found


def judge_hands(predictor: tenfold.Predictor, digits: Dataset) -> dict[str, Score]:
    """What is answered of digits drawn over as other hands write them: right, and wrong."""
    found = {}
    for write, label, _ in HANDS:
        probabilities = predictor(write(digits.images[digits.labels == label], 301))
        given = answered(predictor, probabilities)
        hits = given & (probabilities.argmax(axis=1) == label)
        name = write.__name__.replace("_", " ")
        found[f"{name} {label}, right"] = proportion(int(hits.sum()), len(hits))
        found[f"{name} {label}, wrong"] = proportion(int((given & ~hits).sum()), len(hits))
    return found


def judge_refusals(predictor: tenfold.Predictor, digits: Dataset) -> dict[str, Score]:
    """The share of each kind of drawing, and of Fashion-MNIST, that is refused."""
    n, seed = DRAWN["test"]
    images = {kind: draw_non_digits(n, seed, digits.images, [kind]) for kind in KINDS}
    try:
        images["fashion-mnist"] = tenfold.load("fashion-mnist").test.images
    except InputError as error:
        print(f"without Fashion-MNIST: {error}")
    return {name: refused(predictor, shown) for name, shown in images.items()}


def refused(predictor: tenfold.Predictor, images: np.ndarray) -> Score:
    """The share of images that no digit is read in."""
    given = answered(predictor, predictor(images))
    return proportion(int((~given).sum()), len(given))


def make(out: Path, folder: Path, seeds: int, epochs: int) -> tuple[Exported, list[Score]]:
    """Train and export; also the accuracy of each network on MNIST's test digits."""
    chosen = recipe("reader").replace(epochs=epochs)
    first = folder / "first.onnx"
    export(tenfold.train(chosen, splits(), seeds=seeds, out=folder / "first"), first)
    return finish(first, out, folder)


def finish(first: Path, out: Path, folder: Path) -> tuple[Exported, list[Score]]:
    """Continue the networks of a file on other hands, and export them."""
    again = finetuning_recipe(find_pretrained(first)).replace(epochs=AGAIN)
    run = tenfold.train(again, other_hands(), start=first, out=folder / "continued")
    with atomic_path(out) as beside:
        made = export(run, beside)
        if made.size > LARGEST:
            raise SystemExit(f"{made.size:,} bytes, over {LARGEST:,}; take fewer networks")
    test, alone = tenfold.load("mnist").test, []
    for i in range(len(run.seeds)):
        export(run, folder / "alone.onnx", network=i)
        alone.append(right(tenfold.Predictor(folder / "alone.onnx")(test.images), test.labels))
    return replace(made, path=out), alone


def judge(predictor: tenfold.Predictor, alone: list[Score]) -> dict[str, dict[str, Score]]:
    """All figures, by title and name."""
    mnist = tenfold.load("mnist")
    return {
        "validation": judge_digits(predictor, mnist.validation),
        "validation, changed": judge_stress(predictor, mnist.validation),
        "validation, written over": judge_hands(predictor, mnist.validation),
        "test": judge_digits(predictor, mnist.test),
        "test, one network": {f"seed {i}": score for i, score in enumerate(alone)},
        "refused": judge_refusals(predictor, mnist.test),
    }


def main() -> None:
    """Train, export, judge, print."""
    parser = argparse.ArgumentParser(description="Make the reader that travels in the package.")
    parser.add_argument("--seeds", type=int, default=2, help="networks, whose mean answers")
    parser.add_argument("--epochs", type=int, default=recipe("reader").epochs)
    parser.add_argument("--out", type=Path, default=TARGET)
    given = parser.parse_args()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        made, alone = make(given.out, Path(folder), given.seeds, given.epochs)
    seconds = round(time.perf_counter() - started)
    print(made.describe())
    predictor = tenfold.Predictor(given.out)
    tables = judge(predictor, alone)
    for title, scores in tables.items():
        for name, score in scores.items():
            print(f"{title:24} {name:24} {score.as_percent(2)}")
    figures = {title: {n: s.as_json() for n, s in found.items()} for title, found in tables.items()}
    about = {k: predictor.card[k] for k in ("seeds", "temperatures", "threshold", "versions")}
    print(json.dumps({"bytes": made.size, "seconds": seconds, **about, "scores": figures}))


if __name__ == "__main__":
    main()
