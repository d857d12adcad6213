"""Accuracy of reading real pictures after each step, and the time of a large photo.

What is measured
    pictures    for each kind of picture and each step of the pipeline, the number of correct
                readings, with 95 % Wilson intervals. A picture of one digit is correct if exactly
                one digit is detected and it is right; a number is correct if its entire text is,
                including lines and spaces. `nearest the middle` takes only the crop nearest the
                middle of pictures of one digit; `digits` counts the digits of numbers that the
                text contains in the same order.
    time        seconds of `detect_digits` for a JPEG of 4000x3000 pixels with 120 digits, from file
                to crops: median, minimum, maximum, and the number of detected digits.

How
    The folder has pictures and index.csv with the columns file, label, kind and notes. In a label
    `|` separates lines and a space separates numbers. Pictures with the note "rotate 90 degrees
    counter-clockwise" are rotated, since no step detects the orientation of a page. The network is
    the reader in the package, or an exported one. Each step adds one operation to the step before;
    the last step is `tenfold.read`, with uncertain predictions included.

    python benchmarks/handwriting.py --pictures FOLDER
    python benchmarks/handwriting.py --pictures FOLDER --every 3   # a third of them
    python benchmarks/handwriting.py                    # only the time
"""

import argparse
import csv
import difflib
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, cached_property, partial
from pathlib import Path

import numpy as np
from command_line import print_json
from machine import machine
from PIL import Image, ImageOps
from skimage.filters import threshold_otsu
from summaries import spread
from tables import print_table

import tenfold
from tenfold.core.errors import InputError
from tenfold.data.synthetic import REJECT_CLASS
from tenfold.handwriting import DetectedDigits, detect_digits, mnist_image
from tenfold.handwriting.binarization import Ink, binarize, is_light_on_dark
from tenfold.handwriting.classifier import Classifier
from tenfold.handwriting.picture import load_picture, upscale
from tenfold.handwriting.reading import default_predictor
from tenfold.handwriting.reading_order import reading_order
from tenfold.handwriting.ruled_lines import remove_ruled_lines
from tenfold.handwriting.segmentation import segment
from tenfold.handwriting.segmentation.components import (
    connected_components,
    remove_specks,
    typical_height,
)
from tenfold.metrics.score import wilson_interval

DIGITS_A_ROW, ROWS = 12, 10
REJECTED = "+ rejection of non-digits"
CLASSIFIED = "+ classifier-based cuts, close crops, long stems"
MAX_COMPONENTS = 200  # early steps leave many specks


def whole(levels: np.ndarray) -> DetectedDigits:
    """Return a picture as one crop."""
    size = levels.shape[1], levels.shape[0]
    small = Image.fromarray(levels).resize((28, 28), Image.Resampling.BOX)
    return DetectedDigits(
        np.asarray(small)[None], np.array([[0, 0, *size]]), (((0,),),), size, True
    )


def crop_components(components: list, size: tuple[int, int], crop: Callable) -> DetectedDigits:
    """Crop each component of ink."""
    if not components:
        raise InputError("no digit")
    boxes = np.array([[c.left, c.top, c.right, c.bottom] for c in components])
    crops = np.stack([crop(component.mask) for component in components])
    return DetectedDigits(crops, boxes, reading_order(boxes), size, True)


def all_components(mask: np.ndarray) -> DetectedDigits:
    """Return each connected component that is not a speck as a digit."""
    parts = connected_components(mask, gap=0, min_area=8)
    parts = remove_specks(parts, typical_height(parts)) if parts else []
    parts = sorted(parts, key=lambda part: -part.mask.sum())[:MAX_COMPONENTS]
    return crop_components(parts, mask.shape[::-1], mnist_image)


class Picture:
    """A picture and the intermediate results that several steps share."""

    def __init__(self, pixels: np.ndarray):
        self.pixels = pixels
        self.grey = pixels.mean(axis=2)

    @cached_property
    def otsu(self) -> np.ndarray:
        """The mask of ink by Otsu's threshold alone."""
        grey = 255 - self.grey if is_light_on_dark(self.pixels) else self.grey
        return grey <= threshold_otsu(grey) if np.ptp(grey) else np.zeros(grey.shape, bool)

    @cached_property
    def ink(self) -> Ink:
        """The ink on an uneven background."""
        return binarize(self.pixels, is_light_on_dark(self.pixels))

    @cached_property
    def unruled(self) -> np.ndarray:
        """The mask of the ink without ruled lines and frames."""
        return remove_ruled_lines(self.ink).mask


def resized(picture: Picture) -> DetectedDigits:
    grey = picture.grey.astype(np.uint8)
    return whole(255 - grey if grey.mean() > 127 else grey)


def thresholded(picture: Picture) -> DetectedDigits:
    return whole(picture.otsu * np.uint8(255))


def components_by_otsu(picture: Picture) -> DetectedDigits:
    return all_components(picture.otsu)


def components_by_local_threshold(picture: Picture) -> DetectedDigits:
    return all_components(picture.ink.mask)


def without_ruled_lines(picture: Picture) -> DetectedDigits:
    return all_components(picture.unruled)


def segmented(picture: Picture) -> DetectedDigits:
    return crop_components(
        segment(picture.unruled).digits, picture.unruled.shape[::-1], mnist_image
    )


def detected(picture: Picture) -> DetectedDigits:
    return detect_digits(picture.pixels)


STEPS: dict[str, Callable[[Picture], DetectedDigits]] = {
    "resized to 28x28": resized,
    "+ polarity, Otsu's threshold": thresholded,
    "+ connected components, MNIST's preprocessing": components_by_otsu,
    "+ local contrast": components_by_local_threshold,
    "+ removal of lines and boxes": without_ruled_lines,
    "+ joining and splitting components, picture edges": segmented,
    "+ sharpening, stroke width": detected,
}


def load_upright(folder: Path, row: dict) -> np.ndarray:
    """Load a picture as `detect_digits` does, and rotate it upright."""
    path = folder / row["file"]
    if "rotate 90" in row.get("notes", ""):
        upright = ImageOps.exif_transpose(Image.open(path)).transpose(Image.Transpose.ROTATE_90)
        return upscale(load_picture(upright).pixels)
    return upscale(load_picture(path).pixels)


def probabilities(detected: DetectedDigits, reader: tenfold.Predictor) -> np.ndarray:
    if detected.probabilities is not None:
        return detected.probabilities
    return reader(detected.crops)


def texts(
    pages: list[DetectedDigits | None], reader: tenfold.Predictor, reject: bool
) -> list[tuple[str, str]]:
    """Return the text of each page and its digit nearest the middle.

    With `reject`, the reject class is among the predictions.
    """
    outputs = [probabilities(page, reader) for page in pages if page is not None]
    together = np.concatenate(outputs) if outputs else np.zeros((0, 10))
    columns = together.shape[1] if reject else 10
    names = [name.replace(REJECT_CLASS, "") for name in reader.class_names]
    labels = iter([names[i] for i in together[:, :columns].argmax(axis=1)])
    results = []
    for page in pages:
        digits = [next(labels) for _ in page.crops] if page else []
        lines = page.text(digits).splitlines() if page else []
        text = "|".join(filter(None, (" ".join(line.split()) for line in lines)))
        results.append((text, digits[page.most_central] if page else ""))
    return results


def attempt(step: Callable[[Picture], DetectedDigits], picture: Picture) -> DetectedDigits | None:
    try:
        return step(picture)
    except InputError:
        return None


def proportion(correct: int, n: int) -> dict:
    low, high = wilson_interval(correct, n)
    return {"right": correct, "n": n, "share": correct / n, "low": low, "high": high}


def evaluate(rows: list[dict], results: list[tuple[str, str]]) -> dict[str, dict]:
    """Return figures by kind of picture, separately for single digits and for numbers."""
    groups: dict[str, list] = {}
    for row, result in zip(rows, results, strict=True):
        group = row["kind"] + (", digit" if len(row["label"]) == 1 else ", number")
        groups.setdefault(group, []).append((row["label"], *result))
    figures = {}
    for group, readings in sorted(groups.items()):
        n = len(readings)
        figures[group] = {"right": proportion(sum(r[0] == r[1] for r in readings), n)}
        if group.endswith("digit"):
            middle = sum(label == nearest for label, _, nearest in readings)
            figures[group]["nearest the middle"] = proportion(middle, n)
        else:
            pairs = [
                (without_separators(label), without_separators(text)) for label, text, _ in readings
            ]
            common = sum(matching_digits(*pair) for pair in pairs)
            figures[group]["digits"] = proportion(
                common, sum(max(map(len, pair)) for pair in pairs)
            )
    return figures


def without_separators(text: str) -> str:
    return text.replace("|", "").replace(" ", "")


def matching_digits(label: str, text: str) -> int:
    blocks = difflib.SequenceMatcher(None, label, text, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks)


@cache
def network(model: Path | None) -> tenfold.Predictor:
    return tenfold.Predictor(model) if model else default_predictor()


def pages_of(folder: Path, model: Path | None, row: dict) -> dict[str, DetectedDigits | None]:
    """Return the digits that each step detects in a picture."""
    picture = Picture(load_upright(folder, row))
    pages = {name: attempt(step, picture) for name, step in STEPS.items()}
    classifier = Classifier.from_predictor(network(model))
    return pages | {
        CLASSIFIED: attempt(
            lambda picture: detect_digits(picture.pixels, classifier=classifier), picture
        )
    }


def read_pictures(folder: Path, model: Path | None, every: int) -> dict[str, dict]:
    """Read every n-th picture with every step, with one process per core."""
    with (folder / "index.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[::every]
    with ProcessPoolExecutor() as processes:
        by_row = list(processes.map(partial(pages_of, folder, model), rows, chunksize=4))
    pages = {name: [pages[name] for pages in by_row] for name in by_row[0]}
    reader = network(model)
    result = {name: evaluate(rows, texts(pages[name], reader, False)) for name in STEPS}
    result[REJECTED] = evaluate(rows, texts(pages[list(STEPS)[-1]], reader, True))
    result[CLASSIFIED] = evaluate(rows, texts(pages[CLASSIFIED], reader, True))
    return result


def large_page(path: Path) -> None:
    """Write a photo of 12 megapixels: rows of MNIST's digits on unevenly lit paper."""
    images = tenfold.load("mnist").validation.images[: DIGITS_A_ROW * ROWS]
    ink = np.zeros((3000, 4000))
    for place, image in enumerate(images):
        digit = np.asarray(Image.fromarray(image).resize((140, 140), Image.Resampling.BICUBIC))
        top, left = 150 + place // DIGITS_A_ROW * 280, 200 + place % DIGITS_A_ROW * 300
        ink[top : top + 140, left : left + 140] = digit / 255
    light = np.linspace(1, 0.6, 4000) * np.linspace(1, 0.8, 3000)[:, None]
    noise = np.random.default_rng(0).normal(0, 3, ink.shape)
    levels = ((220 - 170 * ink) * light + noise).clip(0, 255)
    Image.fromarray(levels.astype(np.uint8)).convert("RGB").save(path, quality=90)


def measure_time(repeats: int) -> dict:
    """Time `detect_digits` on the large page."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.jpg"
        large_page(path)
        detected = detect_digits(path)
        seconds = []
        for _ in range(repeats):
            start = time.perf_counter()
            detect_digits(path)
            seconds.append(time.perf_counter() - start)
    return {"seconds": spread(seconds), "digits": len(detected.crops), "of": DIGITS_A_ROW * ROWS}


def cell(figure: dict | None) -> str:
    if figure is None:
        return "-"
    low, high = 100 * figure["low"], 100 * figure["high"]
    return f"{100 * figure['share']:.1f} ({low:.1f}-{high:.1f})"


def print_steps(steps: dict[str, dict]) -> None:
    groups = list(next(iter(steps.values())))
    for measure in ("right", "nearest the middle", "digits"):
        chosen = [group for group in groups if measure in steps[next(iter(steps))][group]]
        rows = [
            [name, *(cell(figures[g][measure]) for g in chosen)] for name, figures in steps.items()
        ]
        counts = [f"{group} ({steps[next(iter(steps))][group][measure]['n']})" for group in chosen]
        print_table(f"% {measure}", ["", *counts], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, help="a folder with index.csv")
    parser.add_argument("--model", type=Path, help="an exported network; default the reader")
    parser.add_argument("--every", type=int, default=1, help="read every n-th picture only")
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    result: dict = {"machine": machine(), "time": measure_time(arguments.repeats)}
    if arguments.pictures:
        result["steps"] = read_pictures(arguments.pictures, arguments.model, arguments.every)
        print_steps(result["steps"])
    seconds = result["time"]["seconds"]
    print(
        f"\n12 megapixels: {statistics.median(seconds['all']):.2f} s "
        f"({seconds['low']:.2f} to {seconds['high']:.2f}, n = {seconds['n']}), "
        f"{result['time']['digits']} digits of {result['time']['of']}"
    )
    print_json(result)


if __name__ == "__main__":
    main()
