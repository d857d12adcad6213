"""Reading of digits drawn on the page, and persistence of corrections and retraining.

What is measured
    right, unsure, wrong    counts of 100 digits, ten of each, drawn on the page in a browser;
                            unsure is "I don't know"; digits that are not right are corrected
                            with one key
    milliseconds            median from the end of the last stroke until the reading is final
    kept                    with --retrain: the samples and the served version after retraining
                            on them, accepting the result and restarting the service

How
    `tenfold serve` runs in a separate process, with samples in a temporary folder, and Debian's
    chromium draws the handwritten strokes of tests/strokes.json, three variants per digit.
    Size (18 to 85 % of the sheet), position, width, slant, jitter, pen and speed (fast strokes
    have every second or third point only) are random, with the seed --seed.

Versions
    those of the Python that runs this script; they are in the JSON.

    python benchmarks/drawing.py             # one to two minutes on an idle machine
    python benchmarks/drawing.py --retrain   # with a first retraining
"""

import argparse
import importlib.metadata
import json
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from command_line import print_json
from machine import machine
from playwright.sync_api import expect, sync_playwright
from tables import print_table

STROKES = Path(__file__).parent.parent / "tests" / "strokes.json"
TIMEOUT = 900_000  # milliseconds


def serve(samples):
    """Start a service; return its process and its address."""
    command = [sys.executable, "-m", "tenfold", "serve", "--port", "0", "--samples", str(samples)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if match := re.search(r"http://[\w.:]+", line):
            return process, match[0]
    raise SystemExit(f"tenfold serve ended with {process.wait()}")


def open_page(browser, address, view="draw"):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(TIMEOUT)
    page.goto(f"{address}/#{view}")
    page.wait_for_selector("html[data-ready]")
    return page


def place(strokes, box, rng):
    """Yield the strokes of a digit as points of the window, randomly placed and distorted."""
    height = rng.uniform(0.18, 0.85) * box["height"]
    width = min(height * rng.uniform(0.5, 0.9), 0.9 * box["width"])
    left = box["x"] + rng.uniform(0.03, 0.97 - width / box["width"]) * box["width"]
    top = box["y"] + rng.uniform(0.03, 0.97 - height / box["height"]) * box["height"]
    slant, step = rng.uniform(-0.15, 0.2), rng.choice([1, 1, 2, 3])
    for stroke in strokes:
        points = stroke if len(stroke) < 5 else [*stroke[:-1:step], stroke[-1]]
        yield [
            (
                left + width * (x + slant * (0.5 - y) + rng.gauss(0, 0.012)),
                top + height * (y + rng.gauss(0, 0.012)),
            )
            for x, y in points
        ]


def draw(page, strokes, rng):
    """Draw a digit; return its reading, and the milliseconds from the end of the last stroke."""
    pen = rng.choice([12, 16, 18, 22, 26])
    page.locator("#pen").fill(str(pen))
    for points in place(strokes, page.locator("#sheet").bounding_box(), rng):
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point)
        page.mouse.up()
        page.wait_for_timeout(rng.choice([0, 30, 150]))
    start = time.perf_counter()
    expect(page.locator("#answer")).to_have_attribute("aria-busy", "false", timeout=TIMEOUT)
    return page.locator("#figure").inner_text(), 1000 * (time.perf_counter() - start)


def draw_all(page, rng):
    """Draw ten of each digit and correct the wrong readings; return the counts and the median."""
    variants, counts, times = json.loads(STROKES.read_text()), {}, []
    for digit, strokes in variants.items():
        count = counts[digit] = {"right": 0, "unsure": 0, "wrong": 0}
        for _ in range(10):
            read, milliseconds = draw(page, rng.choice(strokes), rng)
            times.append(milliseconds)
            count["right" if read == digit else "unsure" if "?" in read else "wrong"] += 1
            if read != digit and page.locator(f"#keys [value='{digit}']").is_enabled():
                page.keyboard.press(digit)
                expect(page.locator("#kept")).to_contain_text("Kept", timeout=TIMEOUT)
            page.keyboard.press("c")
            expect(page.locator("#figure")).to_have_text("", timeout=TIMEOUT)
    return counts, statistics.median(times)


def retrain(page, address):
    """Retrain on the samples and accept; return the text of the page, and the seconds."""
    page.goto(f"{address}/#samples")
    start = time.perf_counter()
    page.click("#retrain")
    page.wait_for_selector("#accept:visible")
    seconds, says = time.perf_counter() - start, page.locator("#retraining-says").inner_text()
    rows = page.locator("#comparison tbody tr").all_inner_texts()
    page.click("#accept")
    expect(page.locator("#retraining-says")).to_contain_text("answers from now on")
    return {
        "seconds": round(seconds),
        "says": says,
        "rows": [" ".join(row.split()) for row in rows],
    }


def persisted(page):
    """Return the number of samples and the description of the served version on the page."""
    page.wait_for_selector("#sample-list li")
    samples = page.locator("#sample-list li").count()
    page.keyboard.press("m")
    expect(page.locator("#model-lead")).to_contain_text("version")
    return {"samples": samples, "answers": page.locator("#model-lead").inner_text()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--retrain", action="store_true")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or sys.exit("chromium is missing: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        service, address = serve(Path(folder) / "samples")
        try:
            page = open_page(browser, address)
            counts, milliseconds = draw_all(page, random.Random(options.seed))
            result = {"digits": counts, "milliseconds": round(milliseconds)}
            if options.retrain:
                result["retraining"] = retrain(page, address)
                service.terminate()
                service.wait()
                service, address = serve(Path(folder) / "samples")
                result["kept"] = persisted(open_page(browser, address, "samples"))
        finally:
            service.terminate()
            service.wait()
    columns = ["right", "unsure", "wrong"]
    rows = [[digit, *(str(count[name]) for name in columns)] for digit, count in counts.items()]
    total = [sum(count[name] for count in counts.values()) for name in columns]
    rows.append(["all", *map(str, total)])
    print_table("Digits drawn on the page", ["digit", *columns], rows)
    versions = {name: importlib.metadata.version(name) for name in ("onnxruntime", "playwright")}
    print_json(result | {"seed": options.seed, "versions": versions, **machine()})


if __name__ == "__main__":
    main()
