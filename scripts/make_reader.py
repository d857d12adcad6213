"""Train the reader, the network in the package: digits of any pen, and a reject class.

    python scripts/make_reader.py                        # about 20 minutes on two cores
    python scripts/make_reader.py --seeds 3 --epochs 20 --out other.onnx

The script trains on MNIST's 55,000 training digits and 11,000 synthetic non-digits
(`tenfold.data.synthetic`), with the augmentation of the recipe `reader`. Then it is fine-tuned, as
by `tenfold train --from`, on other handwriting styles: MNIST's training digits with added strokes.
Every choice is made on validation: 5,000 digits, non-digits of another seed and, for fine-tuning,
handwriting styles made from validation digits. Then the mean of its networks is exported as one
file and verified, and the test set is opened: MNIST's 10,000 digits, 2,000 non-digits of a third
seed and the 10,000 images of Fashion-MNIST. An image is rejected if the prediction is "no digit" or
its confidence is below the threshold. Figures are printed as a table, then as one line of JSON.
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
MAX_BYTES = 1_000_000
NAMES = (*(str(digit) for digit in range(10)), REJECT_CLASS)
REJECT_INDEX = NAMES.index(REJECT_CLASS)
NON_DIGITS = {"train": (11_000, 101), "validation": (1_000, 102), "test": (2_000, 103)}
STYLES = ((cross_stems, 7, 1_000), (lengthen_stems, 7, 1_500), (add_upstrokes, 1, 1_200))
"""Function, class of its digits, and number of training images of each style."""
UNCHANGED = 7_400  # digits of MNIST among the training images of fine-tuning
FINE_TUNING_EPOCHS = 2
HELD_OUT = 150  # validation images of each style
DISTORTIONS = {
    "thinner and thicker": Augmentation(thickness=1.5),
    "slant": Augmentation(shear=0.36),  # the tangent of 20 degrees
    "rotated": Augmentation(rotation=20),
    "shifted": Augmentation(shift=2),
    "blurred": Augmentation(blur=1.2),
    "noisy": Augmentation(noise=0.12),
    "neighbours and lines": Augmentation(clutter=1),
}


def splits() -> Splits:
    """Return MNIST's splits with synthetic non-digits as an eleventh class."""
    mnist = tenfold.load("mnist")
    parts = {}
    for name, (n, seed) in NON_DIGITS.items():
        digits = getattr(mnist, name)
        drawn = draw_non_digits(n, seed, digits.images)
        parts[name] = Dataset(
            np.concatenate([digits.images, drawn]),
            np.concatenate([digits.labels, np.full(n, REJECT_INDEX)]),
            NAMES,
            f"MNIST and drawings, {name}",
        )
    source = f"{mnist.source}; no digit: tenfold.data.synthetic, n and seed {NON_DIGITS}"
    return Splits("mnist-and-drawings", source=source, validation_seed=0, **parts)


def style_splits() -> Splits:
    """Return sevens and ones in other handwriting styles, together with unchanged digits."""
    mnist = tenfold.load("mnist")
    usual = mnist.train[np.random.default_rng(204).permutation(len(mnist.train))[:UNCHANGED]]
    train = styled(mnist.train, [n for *_, n in STYLES], 201)
    return Splits(
        "other-hands",
        Dataset(
            np.concatenate([train.images, usual.images]),
            np.concatenate([train.labels, usual.labels]),
            usual.class_names,
            "other hands",
        ),
        styled(mnist.validation, [HELD_OUT] * len(STYLES), 301),
        None,
        f"{mnist.source}; tenfold.data.synthetic.handwriting_styles",
        0,
    )


def styled(digits: Dataset, counts: list[int], seed: int) -> Dataset:
    """Return digits of a split, changed to each style."""
    images, labels = [], []
    for i, ((style, label, _), n) in enumerate(zip(STYLES, counts, strict=True)):
        of_class = np.flatnonzero(digits.labels == label)
        chosen = np.random.default_rng(seed + i).permutation(of_class)[:n]
        images.append(style(digits.images[chosen], seed + i))
        labels.append(np.full(n, label))
    return Dataset(
        np.concatenate(images), np.concatenate(labels), digits.class_names, "other hands"
    )


def digit_accuracy(probabilities: np.ndarray, labels: np.ndarray) -> Score:
    """Return the accuracy without the reject class."""
    hits = int((probabilities[:, :REJECT_INDEX].argmax(axis=1) == labels).sum())
    return proportion(hits, len(labels))


def is_accepted(predictor: tenfold.Predictor, probabilities: np.ndarray) -> np.ndarray:
    """Return which images are predicted as a digit with enough confidence: bool [n]."""
    confident: np.ndarray = predictor.accepts(probabilities)
    return confident & (probabilities.argmax(axis=1) != REJECT_INDEX)


def evaluate_digits(predictor: tenfold.Predictor, digits: Dataset) -> dict[str, Score]:
    """Return accuracy, coverage, and the error rate among accepted images."""
    probabilities = predictor(digits.images)
    accepted = is_accepted(predictor, probabilities)
    wrong = accepted & (probabilities.argmax(axis=1) != digits.labels)
    return {
        "correct": digit_accuracy(probabilities, digits.labels),
        "accepted": proportion(int(accepted.sum()), len(accepted)),
        "wrong among accepted": proportion(int(wrong.sum()), int(accepted.sum())),
    }


def evaluate_augmented(predictor: tenfold.Predictor, digits: Dataset) -> dict[str, Score]:
    """Return the accuracy on digits with each augmentation alone."""
    import jax

    scores = {}
    for i, (name, augmentation) in enumerate(DISTORTIONS.items()):
        changed = np.asarray(augment(jax.random.key(i), digits.scaled(), augmentation))
        scores[name] = digit_accuracy(predictor(np.clip(changed, 0, 1)), digits.labels)
    return scores


def evaluate_styles(predictor: tenfold.Predictor, digits: Dataset) -> dict[str, Score]:
    """Return the shares of correct and of wrong predictions for each handwriting style."""
    scores = {}
    for style, label, _ in STYLES:
        probabilities = predictor(style(digits.images[digits.labels == label], 301))
        accepted = is_accepted(predictor, probabilities)
        correct = accepted & (probabilities.argmax(axis=1) == label)
        name = style.__name__.replace("_", " ")
        scores[f"{name} {label}, correct"] = proportion(int(correct.sum()), len(correct))
        scores[f"{name} {label}, wrong"] = proportion(
            int((accepted & ~correct).sum()), len(correct)
        )
    return scores


def evaluate_rejection(predictor: tenfold.Predictor, digits: Dataset) -> dict[str, Score]:
    """Return the share of rejected images of each kind of non-digit and of Fashion-MNIST."""
    n, seed = NON_DIGITS["test"]
    images = {kind: draw_non_digits(n, seed, digits.images, [kind]) for kind in KINDS}
    try:
        images["fashion-mnist"] = tenfold.load("fashion-mnist").test.images
    except InputError as error:
        print(f"without Fashion-MNIST: {error}")
    return {name: rejected_share(predictor, batch) for name, batch in images.items()}


def rejected_share(predictor: tenfold.Predictor, images: np.ndarray) -> Score:
    """Return the share of images that are rejected."""
    accepted = is_accepted(predictor, predictor(images))
    return proportion(int((~accepted).sum()), len(accepted))


def make(out: Path, folder: Path, seeds: int, epochs: int) -> tuple[Exported, list[Score]]:
    """Train, fine-tune and export; also return each network's accuracy on MNIST's test digits."""
    chosen = recipe("reader").replace(epochs=epochs)
    first = folder / "first.onnx"
    export(tenfold.train(chosen, splits(), seeds=seeds, out=folder / "first"), first)
    return fine_tune(first, out, folder)


def fine_tune(first: Path, out: Path, folder: Path) -> tuple[Exported, list[Score]]:
    """Fine-tune the networks of a model file on other handwriting styles, and export them."""
    fine_tuning = finetuning_recipe(find_pretrained(first)).replace(epochs=FINE_TUNING_EPOCHS)
    run = tenfold.train(fine_tuning, style_splits(), start=first, out=folder / "continued")
    with atomic_path(out) as temporary:
        exported = export(run, temporary)
        if exported.size > MAX_BYTES:
            raise SystemExit(f"{exported.size:,} bytes, over {MAX_BYTES:,}; use fewer networks")
    test, accuracies = tenfold.load("mnist").test, []
    for i in range(len(run.seeds)):
        export(run, folder / "single.onnx", network=i)
        accuracies.append(
            digit_accuracy(tenfold.Predictor(folder / "single.onnx")(test.images), test.labels)
        )
    return replace(exported, path=out), accuracies


def evaluate(predictor: tenfold.Predictor, accuracies: list[Score]) -> dict[str, dict[str, Score]]:
    """Return all figures by title and name."""
    mnist = tenfold.load("mnist")
    return {
        "validation": evaluate_digits(predictor, mnist.validation),
        "validation, augmented": evaluate_augmented(predictor, mnist.validation),
        "validation, styles": evaluate_styles(predictor, mnist.validation),
        "test": evaluate_digits(predictor, mnist.test),
        "test, one network": {f"seed {i}": score for i, score in enumerate(accuracies)},
        "rejected": evaluate_rejection(predictor, mnist.test),
    }


def main() -> None:
    """Train, export, evaluate and print."""
    parser = argparse.ArgumentParser(description="Train the reader in the package.")
    parser.add_argument("--seeds", type=int, default=2, help="networks, whose mean is exported")
    parser.add_argument("--epochs", type=int, default=recipe("reader").epochs)
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        exported, accuracies = make(arguments.out, Path(folder), arguments.seeds, arguments.epochs)
    seconds = round(time.perf_counter() - started)
    print(exported.describe())
    predictor = tenfold.Predictor(arguments.out)
    tables = evaluate(predictor, accuracies)
    for title, scores in tables.items():
        for name, score in scores.items():
            print(f"{title:24} {name:24} {score.as_percent(2)}")
    figures = {
        title: {n: s.as_json() for n, s in scores.items()} for title, scores in tables.items()
    }
    about = {k: predictor.card[k] for k in ("seeds", "temperatures", "threshold", "versions")}
    print(json.dumps({"bytes": exported.size, "seconds": seconds, **about, "scores": figures}))


if __name__ == "__main__":
    main()
