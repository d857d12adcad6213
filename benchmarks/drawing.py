"""How the page reads digits drawn with the mouse, and whether what is corrected stays.

What is measured
    right, unsure, wrong    of 100 digits, ten of each, drawn on the page in a browser; unsure is
                            an "I don't know", and what is not right is corrected by one key
    milliseconds            from lifting the pen until the answer is final, the median
    kept                    with --retrain: the samples and the version that answers after
                            retraining on them, accepting, and starting the service again

How
    `tenfold serve` runs in a process of its own, with samples in a folder that is removed, and
    Debian's chromium draws along tests/server/strokes.json, made by hand, three ways a digit. Size
    (18 to 85 % of the sheet), place, width, slant, tremor, pen and speed (of fast strokes only
    every second or third point is left) are drawn from --seed.

Versions
    those installed beside the Python running this script; what was used is in the JSON.

    python benchmarks/drawing.py             # one to two minutes on a quiet machine
    python benchmarks/drawing.py --retrain   # and what a first retraining takes
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

from machine import machine
from playwright.sync_api import expect, sync_playwright
from tables import print_table

STROKES = Path(__file__).parent.parent / "tests" / "server" / "strokes.json"
PATIENCE = 900_000  # milliseconds


def serve(samples):
    """A service in a process of its own, and its address."""
    command = [sys.executable, "-m", "tenfold", "serve", "--port", "0", "--samples", str(samples)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if found := re.search(r"http://[\w.:]+", line):
            return process, found[0]
    raise SystemExit(f"tenfold serve ended with {process.wait()}")


def opened(browser, address, view="draw"):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}/#{view}")
    page.wait_for_selector("html[data-ready]")
    return page


def written(strokes, box, chance):
    """The strokes of a digit as points of the window, changed by chance."""
    height = chance.uniform(0.18, 0.85) * box["height"]
    width = min(height * chance.uniform(0.5, 0.9), 0.9 * box["width"])
    left = box["x"] + chance.uniform(0.03, 0.97 - width / box["width"]) * box["width"]
    top = box["y"] + chance.uniform(0.03, 0.97 - height / box["height"]) * box["height"]
    slant, step = chance.uniform(-0.15, 0.2), chance.choice([1, 1, 2, 3])
    for stroke in strokes:
        kept = stroke if len(stroke) < 5 else [*stroke[:-1:step], stroke[-1]]
        yield [
            (
                left + width * (x + slant * (0.5 - y) + chance.gauss(0, 0.012)),
                top + height * (y + chance.gauss(0, 0.012)),
            )
            for x, y in kept
        ]


def draw(page, strokes, chance):
    """Draw a digit; returns what was read, and the milliseconds from the pen's last lifting."""
    pen = chance.choice([12, 16, 18, 22, 26])
    page.locator("#pen").fill(str(pen))
    for points in written(strokes, page.locator("#sheet").bounding_box(), chance):
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point)
        page.mouse.up()
        page.wait_for_timeout(chance.choice([0, 30, 150]))
    began = time.perf_counter()
    expect(page.locator("#answer")).to_have_attribute("aria-busy", "false", timeout=PATIENCE)
    return page.locator("#figure").inner_text(), 1000 * (time.perf_counter() - began)


def hundred(page, chance):
    """Draw ten of each digit and correct what is not right."""
    ways, counts, times = json.loads(STROKES.read_text()), {}, []
    for digit, drawn in ways.items():
        found = counts[digit] = {"right": 0, "unsure": 0, "wrong": 0}
        for _ in range(10):
            read, took = draw(page, chance.choice(drawn), chance)
            times.append(took)
            found["right" if read == digit else "unsure" if "?" in read else "wrong"] += 1
            if read != digit and page.locator(f"#keys [value='{digit}']").is_enabled():
                page.keyboard.press(digit)
                expect(page.locator("#kept")).to_contain_text("Kept", timeout=PATIENCE)
            page.keyboard.press("c")
            expect(page.locator("#figure")).to_have_text("", timeout=PATIENCE)
    return counts, statistics.median(times)


def retrain(page, address):
    """Retrain on the samples and accept; returns what the page says of it, and the seconds."""
    page.goto(f"{address}/#samples")
    began = time.perf_counter()
    page.click("#retrain")
    page.wait_for_selector("#accept:visible")
    took, says = time.perf_counter() - began, page.locator("#retraining-says").inner_text()
    rows = page.locator("#comparison tbody tr").all_inner_texts()
    page.click("#accept")
    expect(page.locator("#retraining-says")).to_contain_text("answers from now on")
    return {"seconds": round(took), "says": says, "rows": [" ".join(row.split()) for row in rows]}


def kept(page):
    """What the page tells of the samples and of the version that answers."""
    page.wait_for_selector("#sample-list li")
    samples = page.locator("#sample-list li").count()
    page.keyboard.press("m")
    expect(page.locator("#model-lead")).to_contain_text("version")
    return {"samples": samples, "answers": page.locator("#model-lead").inner_text()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--retrain", action="store_true")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or sys.exit("chromium is missing; install it")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        service, address = serve(Path(folder) / "samples")
        try:
            page = opened(browser, address)
            counts, milliseconds = hundred(page, random.Random(options.seed))
            result = {"digits": counts, "milliseconds": round(milliseconds)}
            if options.retrain:
                result["retraining"] = retrain(page, address)
                service.terminate()
                service.wait()
                service, address = serve(Path(folder) / "samples")
                result["kept"] = kept(opened(browser, address, "samples"))
        finally:
            service.terminate()
            service.wait()
    columns = ["right", "unsure", "wrong"]
    rows = [[digit, *(str(found[name]) for name in columns)] for digit, found in counts.items()]
    total = [sum(found[name] for found in counts.values()) for name in columns]
    rows.append(["all", *map(str, total)])
    print_table("Digits drawn on the page", ["digit", *columns], rows)
    versions = {name: importlib.metadata.version(name) for name in ("onnxruntime", "playwright")}
    print(json.dumps(result | {"seed": options.seed, "versions": versions, **machine()}))


if __name__ == "__main__":
    main()
