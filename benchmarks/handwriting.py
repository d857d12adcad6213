"""Accuracy of reading real pictures, beside OCR programs, and the time of a large photo.

What is measured
    pictures    for each kind of picture and each reader, the share of pictures whose text is
                right, with 95 % Wilson intervals. One digit is right if exactly it is read; a
                number if its entire text is, including lines and spaces. Columns: with every
                answer counted, with uncertain digits ("?") as errors, and the number of wrong
                texts without "?".
    time        seconds of `detect_digits` for a JPEG of 4000x3000 pixels with 120 digits, from file
                to crops: median, minimum, maximum, and the number of detected digits.

How
    The folder has pictures and index.csv with the columns file, label, kind and notes. In a label
    `|` separates lines and a space separates numbers. Pictures with the note "rotate 90 degrees
    counter-clockwise" are rotated. Pictures are split into two halves by the hash of their file
    names: rules and thresholds were chosen on `development`, and `report` is for measuring only.

    python benchmarks/handwriting.py --pictures FOLDER --half report
    python benchmarks/handwriting.py --pictures FOLDER --half report --peers  # RapidOCR, Tesseract
    python benchmarks/handwriting.py                    # only the time
"""

import argparse
import csv
import hashlib
import json
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from command_line import print_json
from environments import FOLDER, environment
from machine import machine
from PIL import Image, ImageOps
from summaries import spread
from tables import print_table

import tenfold
from tenfold.core.errors import InputError
from tenfold.handwriting import detect_digits
from tenfold.metrics.score import wilson_interval

DIGITS_A_ROW, ROWS = 12, 10
RAPIDOCR = {"rapidocr-onnxruntime": "1.4.4"}
HALVES = ("development", "report", "all")

Texts = tuple[str, str]
"""The text with every answer, and the text with "?" for uncertain digits."""


def half_of(file: str) -> str:
    """Return the half of a picture, by the hash of its file name."""
    return HALVES[int(hashlib.sha256(file.encode()).hexdigest()[0], 16) % 2]


def select(folder: Path, half: str, every: int) -> list[dict]:
    """Return the rows of index.csv in a half."""
    with (folder / "index.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if half in ("all", half_of(row["file"]))]
    return rows[::every]


def is_sideways(row: dict) -> bool:
    return "rotate 90" in (row.get("notes") or "")


def load_upright(folder: Path, row: dict) -> Image.Image:
    image = ImageOps.exif_transpose(Image.open(folder / row["file"]))
    return image.transpose(Image.Transpose.ROTATE_90) if is_sideways(row) else image


def tenfold_texts(folder: Path, row: dict) -> Texts:
    """Read one picture with the packaged reader."""
    path = folder / row["file"]
    try:
        reading = tenfold.read(load_upright(folder, row) if is_sideways(row) else path)
    except InputError:
        return "", ""
    every = "|".join(
        " ".join("".join(digit.label for digit in number.digits) for number in line)
        for line in reading.rows
    )
    return every, reading.text.replace("\n", "|")


def read_with_tenfold(folder: Path, rows: list[dict]) -> list[Texts]:
    with ProcessPoolExecutor() as processes:
        return list(processes.map(partial(tenfold_texts, folder), rows, chunksize=4))


def upright_files(folder: Path, rows: list[dict], scratch: Path) -> list[str]:
    """Return files that other programs can read, upright and without transparency."""
    paths = []
    for i, row in enumerate(rows):
        path = scratch / f"{i}.png"
        image = load_upright(folder, row)
        if image.has_transparency_data:
            paper = Image.new("RGBA", image.size, "white")
            image = Image.alpha_composite(paper, image.convert("RGBA"))
        image.convert("RGB").save(path)
        paths.append(str(path))
    return paths


def read_with_rapidocr(folder: Path, rows: list[dict]) -> list[Texts]:
    """Read with PP-OCR's networks, in an environment of its own."""
    python = environment(FOLDER / "rapidocr", RAPIDOCR)
    script = Path(__file__).parent / "contestants" / "rapidocr_read.py"
    with tempfile.TemporaryDirectory() as scratch:
        files = json.dumps(upright_files(folder, rows, Path(scratch)))
        done = subprocess.run(
            [python, script], input=files, capture_output=True, text=True, check=True
        )
    return [(text, text) for text in json.loads(done.stdout.splitlines()[-1])]


def read_with_tesseract(folder: Path, rows: list[dict]) -> list[Texts]:
    """Read with Debian's tesseract-ocr, restricted to digits."""
    if shutil.which("tesseract") is None:
        raise SystemExit("tesseract is missing: apt-get install tesseract-ocr")
    texts = []
    with tempfile.TemporaryDirectory() as scratch:
        for row, path in zip(rows, upright_files(folder, rows, Path(scratch)), strict=True):
            mode = "10" if len(row["label"]) == 1 else "6"
            command = ["tesseract", path, "-", "--psm", mode]
            command += ["-c", "tessedit_char_whitelist=0123456789 "]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
            text = "|".join(filter(None, lines))
            texts.append((text, text))
    return texts


def proportion(correct: int, n: int) -> dict:
    low, high = wilson_interval(correct, n)
    return {"right": correct, "n": n, "share": correct / n, "low": low, "high": high}


def evaluate(rows: list[dict], results: list[Texts]) -> dict[str, dict]:
    """Return figures by kind of picture, separately for single digits and for numbers."""
    groups: dict[str, list] = {}
    for row, result in zip(rows, results, strict=True):
        group = row["kind"] + (", digit" if len(row["label"]) == 1 else ", number")
        groups.setdefault(group, []).append((row["label"], *result))
    return {
        group: {
            "every answer": proportion(sum(r[0] == r[1] for r in readings), len(readings)),
            "? as an error": proportion(sum(r[0] == r[2] for r in readings), len(readings)),
            "wrong without ?": sum(
                r[0] != r[2] and "?" not in r[2] and r[2] != "" for r in readings
            ),
        }
        for group, readings in sorted(groups.items())
    }


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


def cell(figure: dict) -> str:
    low, high = 100 * figure["low"], 100 * figure["high"]
    return f"{figure['right']}, {100 * figure['share']:.1f} ({low:.1f}-{high:.1f})"


def print_readers(readers: dict[str, dict]) -> None:
    for name, groups in readers.items():
        rows = [
            [
                group,
                str(figures["every answer"]["n"]),
                cell(figures["every answer"]),
                cell(figures["? as an error"]),
                str(figures["wrong without ?"]),
            ]
            for group, figures in groups.items()
        ]
        header = ["", "n", "% every answer", "% with ? as an error", "wrong without ?"]
        print_table(name, header, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, help="a folder with index.csv")
    parser.add_argument("--half", choices=HALVES, default="development")
    parser.add_argument("--every", type=int, default=1, help="read every n-th picture only")
    parser.add_argument("--peers", action="store_true", help="also read with OCR programs")
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    result: dict = {"machine": machine(), "time": measure_time(arguments.repeats)}
    if arguments.pictures:
        rows = select(arguments.pictures, arguments.half, arguments.every)
        readers: dict[str, Callable[[Path, list[dict]], list[Texts]]] = {
            "tenfold": read_with_tenfold
        }
        if arguments.peers:
            readers |= {"RapidOCR": read_with_rapidocr, "Tesseract": read_with_tesseract}
        result["readers"] = {
            name: evaluate(rows, read(arguments.pictures, rows)) for name, read in readers.items()
        }
        print_readers(result["readers"])
    seconds = result["time"]["seconds"]
    print(
        f"\n12 megapixels: {statistics.median(seconds['all']):.2f} s "
        f"({seconds['low']:.2f} to {seconds['high']:.2f}, n = {seconds['n']}), "
        f"{result['time']['digits']} digits of {result['time']['of']}"
    )
    print_json(result)


if __name__ == "__main__":
    main()
