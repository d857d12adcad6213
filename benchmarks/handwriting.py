"""How well digits are found in real pictures, step by step, and how long a photo takes.

What is measured
    pictures    for each kind of picture and each step of the way, how many are read right: one
                digit means that exactly one was found and read right; a number means that all of
                its text is right, lines and spaces included. With 95 % Wilson intervals.
                `nearest the middle` counts single digits by the crop nearest the middle alone;
                `digits` counts those of numbers that are in the text in their order.
    time        seconds of `detect_digits` for a JPEG of 4000x3000 pixels with 120 digits on it,
                from file to crops: median, lowest, highest, and the share of digits found.

How
    The folder holds pictures and index.csv with the columns file, label, kind and notes. In a label
    `|` parts lines and a space parts numbers. A note "rotate 90 degrees counter-clockwise" is
    followed, as no step here finds out how a page lies. The network is tenfold's own reader, or any
    that was exported. Each step is the one before it and one thing more; the last but one is
    `detect_digits` itself, the last `tenfold.read` with every answer counted, however unsure.

    python benchmarks/handwriting.py --pictures FOLDER
    python benchmarks/handwriting.py --pictures FOLDER --every 3   # a third of them, sooner
    python benchmarks/handwriting.py                    # the time alone
"""

import argparse
import csv
import difflib
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, cached_property, partial
from pathlib import Path

import numpy as np
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
REFUSED, JUDGED = "+ what is no digit left out", "+ cut again, close crops whole"
MOST = 200  # parts of a page that early steps leave full of specks


def whole(levels: np.ndarray) -> DetectedDigits:
    """Take a picture as one crop."""
    size = levels.shape[1], levels.shape[0]
    small = Image.fromarray(levels).resize((28, 28), Image.Resampling.BOX)
    return DetectedDigits(
        np.asarray(small)[None], np.array([[0, 0, *size]]), (((0,),),), size, True
    )


def cut_out(parts: list, size: tuple[int, int], crop: Callable) -> DetectedDigits:
    """Make a page of parts of ink."""
    if not parts:
        raise InputError("no digit")
    boxes = np.array([[part.left, part.top, part.right, part.bottom] for part in parts])
    crops = np.stack([crop(part.mask) for part in parts])
    return DetectedDigits(crops, boxes, reading_order(boxes), size, True)


def plain_parts(mask: np.ndarray) -> DetectedDigits:
    """Take each connected part that is no speck for a digit."""
    parts = connected_components(mask, gap=0, min_area=8)
    parts = remove_specks(parts, typical_height(parts)) if parts else []
    parts = sorted(parts, key=lambda part: -part.mask.sum())[:MOST]
    return cut_out(parts, mask.shape[::-1], mnist_image)


class Seen:
    """A picture and what several steps need of it, worked out once."""

    def __init__(self, pixels: np.ndarray):
        self.pixels = pixels
        self.grey = pixels.mean(axis=2)

    @cached_property
    def otsu(self) -> np.ndarray:
        """Where ink is by Otsu's threshold alone."""
        grey = 255 - self.grey if is_light_on_dark(self.pixels) else self.grey
        return grey <= threshold_otsu(grey) if np.ptp(grey) else np.zeros(grey.shape, bool)

    @cached_property
    def ink(self) -> Ink:
        """The ink against an uneven background."""
        return binarize(self.pixels, is_light_on_dark(self.pixels))

    @cached_property
    def unruled(self) -> np.ndarray:
        """The mask of the ink without ruled lines and frames."""
        return remove_ruled_lines(self.ink).mask


def resized(seen: Seen) -> DetectedDigits:
    grey = seen.grey.astype(np.uint8)
    return whole(255 - grey if grey.mean() > 127 else grey)


def thresholded(seen: Seen) -> DetectedDigits:
    return whole(seen.otsu * np.uint8(255))


def centred(seen: Seen) -> DetectedDigits:
    return plain_parts(seen.otsu)


def levelled(seen: Seen) -> DetectedDigits:
    return plain_parts(seen.ink.mask)


def unruled(seen: Seen) -> DetectedDigits:
    return plain_parts(seen.unruled)


def pieced(seen: Seen) -> DetectedDigits:
    return cut_out(segment(seen.unruled).digits, seen.unruled.shape[::-1], mnist_image)


def found(seen: Seen) -> DetectedDigits:
    return detect_digits(seen.pixels)


STEPS: dict[str, Callable[[Seen], DetectedDigits]] = {
    "resized to 28x28": resized,
    "+ polarity, Otsu's threshold": thresholded,
    "+ parts, MNIST's procedure": centred,
    "+ uneven light": levelled,
    "+ lines and boxes": unruled,
    "+ joining, splitting, edges": pieced,
    "+ sharp edges, the pen's width": found,
}


def opened(folder: Path, row: dict) -> np.ndarray:
    """Return a picture as `detect_digits` sees it first, lying as it is to be read."""
    path = folder / row["file"]
    if "rotate 90" in row.get("notes", ""):
        turned = ImageOps.exif_transpose(Image.open(path)).transpose(Image.Transpose.ROTATE_90)
        return upscale(load_picture(turned).pixels)
    return upscale(load_picture(path).pixels)


def probabilities(detected: DetectedDigits, reader: tenfold.Predictor) -> np.ndarray:
    if detected.probabilities is not None:
        return detected.probabilities
    return reader(detected.crops)


def texts(
    pages: list[DetectedDigits | None], reader: tenfold.Predictor, leave_out: bool
) -> list[tuple[str, str]]:
    """Return each page's text, and what is nearest its middle; `leave_out` what is no digit."""
    answers = [probabilities(found, reader) for found in pages if found is not None]
    together = np.concatenate(answers) if answers else np.zeros((0, 10))
    columns = together.shape[1] if leave_out else 10
    names = [name.replace(REJECT_CLASS, "") for name in reader.class_names]
    labels = iter([names[i] for i in together[:, :columns].argmax(axis=1)])
    read_out = []
    for found in pages:
        digits = [next(labels) for _ in found.crops] if found else []
        lines = found.text(digits).splitlines() if found else []
        text = "|".join(filter(None, (" ".join(line.split()) for line in lines)))
        read_out.append((text, digits[found.most_central] if found else ""))
    return read_out


def attempt(step: Callable[[Seen], DetectedDigits], seen: Seen) -> DetectedDigits | None:
    try:
        return step(seen)
    except InputError:
        return None


def share(right: int, n: int) -> dict:
    low, high = wilson_interval(right, n)
    return {"right": right, "n": n, "share": right / n, "low": low, "high": high}


def scored(rows: list[dict], read_out: list[tuple[str, str]]) -> dict[str, dict]:
    """Return figures by kind, single digits and numbers apart."""
    groups: dict[str, list] = {}
    for row, answer in zip(rows, read_out, strict=True):
        group = row["kind"] + (", digit" if len(row["label"]) == 1 else ", number")
        groups.setdefault(group, []).append((row["label"], *answer))
    figures = {}
    for group, answers in sorted(groups.items()):
        n = len(answers)
        figures[group] = {"right": share(sum(a[0] == a[1] for a in answers), n)}
        if group.endswith("digit"):
            middle = sum(label == nearest for label, _, nearest in answers)
            figures[group]["nearest the middle"] = share(middle, n)
        else:
            pairs = [(bare(label), bare(text)) for label, text, _ in answers]
            common = sum(in_common(*pair) for pair in pairs)
            figures[group]["digits"] = share(common, sum(max(map(len, pair)) for pair in pairs))
    return figures


def bare(text: str) -> str:
    return text.replace("|", "").replace(" ", "")


def in_common(label: str, text: str) -> int:
    blocks = difflib.SequenceMatcher(None, label, text, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks)


@cache
def network(model: Path | None) -> tenfold.Predictor:
    return tenfold.Predictor(model) if model else default_predictor()


def pages_of(folder: Path, model: Path | None, row: dict) -> dict[str, DetectedDigits | None]:
    """Return what each step finds in a picture."""
    seen = Seen(opened(folder, row))
    pages = {name: attempt(step, seen) for name, step in STEPS.items()}
    classifier = Classifier.from_predictor(network(model))
    return pages | {
        JUDGED: attempt(lambda seen: detect_digits(seen.pixels, classifier=classifier), seen)
    }


def read_pictures(folder: Path, model: Path | None, every: int) -> dict[str, dict]:
    """Read every n-th picture after every step, in as many processes as there are cores."""
    with (folder / "index.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[::every]
    with ProcessPoolExecutor() as processes:
        by_row = list(processes.map(partial(pages_of, folder, model), rows, chunksize=4))
    pages = {name: [found[name] for found in by_row] for name in by_row[0]}
    reader = network(model)
    result = {name: scored(rows, texts(pages[name], reader, False)) for name in STEPS}
    result[REFUSED] = scored(rows, texts(pages[list(STEPS)[-1]], reader, True))
    result[JUDGED] = scored(rows, texts(pages[JUDGED], reader, True))
    return result


def large_page(path: Path) -> None:
    """Write a photo of 12 megapixels: rows of MNIST's digits on paper, in uneven light."""
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
        found = detect_digits(path)
        seconds = []
        for _ in range(repeats):
            start = time.perf_counter()
            detect_digits(path)
            seconds.append(time.perf_counter() - start)
    return {"seconds": spread(seconds), "digits": len(found.crops), "of": DIGITS_A_ROW * ROWS}


def cell(figure: dict | None) -> str:
    if figure is None:
        return "-"
    low, high = 100 * figure["low"], 100 * figure["high"]
    return f"{100 * figure['share']:.1f} ({low:.1f}-{high:.1f})"


def print_steps(steps: dict[str, dict]) -> None:
    groups = list(next(iter(steps.values())))
    for measure in ("right", "nearest the middle", "digits"):
        chosen = [group for group in groups if measure in steps[next(iter(steps))][group]]
        rows = [[name, *(cell(found[g][measure]) for g in chosen)] for name, found in steps.items()]
        counts = [f"{group} ({steps[next(iter(steps))][group][measure]['n']})" for group in chosen]
        print_table(f"% {measure}", ["", *counts], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, help="a folder with index.csv")
    parser.add_argument("--model", type=Path, help="what tenfold export wrote; else its own reader")
    parser.add_argument("--every", type=int, default=1, help="take every n-th picture only")
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
        f"{result['time']['digits']} digits of {result['time']['of']}\n"
    )
    print(json.dumps(result))


if __name__ == "__main__":
    main()
