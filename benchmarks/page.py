"""Latency and size of pages that ``tenfold export --page`` writes, in chromium.

    python benchmarks/page.py reader digits.onnx

For each model: the size of the page with a map of MNIST; the median over drawings of the time from
the drawing to the answer on the screen's elements (raster, components, 28x28 image, network, bars);
and the median and minimum of the network alone, in milliseconds of one core. Needs Debian's
``chromium``.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

from playwright.sync_api import sync_playwright

from tenfold.core.assets import READER
from tenfold.data import load
from tenfold.export.predictor import Predictor
from tenfold.page.document import Model, bundle, embedded, write_page

REPEATS = 200
NETWORK = """({ model, repeats }) => {
  const network = new network_module.Network(model), image = new Uint8Array(784);
  for (let i = 0; i < 784; i++) image[i] = i % 28 > 10 && i % 28 < 16 ? 255 : 0;
  for (let i = 0; i < 50; i++) network.run(image);
  return Array.from({ length: repeats }, () => {
    const start = performance.now();
    network.run(image);
    return performance.now() - start;
  });
}"""
CHIPS = ("a 2", "a messy 7", "a 2", "a messy 7")


def measure(browser, name: str, file: Path) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        size = write_page([Model(name, file, load("mnist").validation)], path)
        page = browser.new_context(reduced_motion="reduce").new_page()
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]")
        answers = []
        for chip in CHIPS * 8:
            page.get_by_role("button", name=chip).click()
            page.wait_for_timeout(150)
            answers.append(float(page.evaluate("document.documentElement.dataset.milliseconds")))
    blank = browser.new_page()
    blank.add_script_tag(content=bundle("network"))
    model = embedded(name, Predictor(file))
    runs = blank.evaluate(NETWORK, {"model": model, "repeats": REPEATS})
    return {
        "model": name,
        "page_bytes": size,
        "drawing_to_answer_ms": round(median(answers[4:]), 2),
        "network_ms": round(median(runs), 2),
        "network_min_ms": round(min(runs), 2),
    }


def main() -> None:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu"]
        path = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        for name in sys.argv[1:] or ["reader"]:
            file = READER if name == "reader" else Path(name)
            print(json.dumps(measure(browser, Path(name).stem, file)))
        browser.close()


if __name__ == "__main__":
    main()
