"""How digits are read that were written on plain, ruled and squared paper and in boxes.

What is measured
    Of the digits on drawn pages, how many are read wrongly: the edits (a digit put in, left out or
    put in the place of another, `?` being none) that make the text read of each page into what
    is written there, and how many pages have none.

How
    Every paper is written on with every pen, --pages pages each, three lines of three to six
    digits along hand-made strokes (tests/server/strokes.json), with tremor and slant. Lines are
    0.25 mm wide, every 8 mm (ruled) or 5 mm (squared), boxes one a digit. Pages are then seen
    at an angle of up to 2 degrees, in perspective, out of focus, in slanting light, half of
    them with the edge of a shadow, noisy, as JPEG of 12 pixels a millimetre. A page's number is
    its seed. The way to find lines was tuned on pages of a forerunner of this script; of these
    here, 0 to 7 were looked at too, and a threshold was chosen on 12 to 15.

Versions
    those installed beside the Python running this script; they are in the JSON.

    python benchmarks/papers.py --first 8             # three minutes
    python benchmarks/papers.py --first 8 --papers squared,boxes --pages 2
"""

import argparse
import importlib.metadata
import io
import json
from pathlib import Path

import numpy as np
from machine import machine
from PIL import Image, ImageDraw, ImageFilter
from scipy.ndimage import gaussian_filter, gaussian_filter1d
from tables import print_table

import tenfold
from tenfold.core.errors import InputError

STROKES = json.loads((Path(__file__).parents[1] / "tests" / "server" / "strokes.json").read_text())
SCALE = 12  # pixels a millimetre
PENS = {  # millimetres, colour
    "ballpoint": (0.5, (35, 50, 140)),
    "gel": (0.8, (25, 25, 30)),
    "marker": (2.0, (30, 30, 34)),
    "pencil": (0.55, (110, 110, 115)),
    "red": (0.7, (190, 40, 50)),
}
PAPERS = {  # millimetres from line to line, across and down, and their colour
    "plain": (0, 0, None),
    "ruled": (8, 0, (150, 170, 205)),
    "squared": (5, 5, (178, 196, 222)),
    "dark": (5, 5, (120, 130, 150)),
    "boxes": (0, 0, (40, 40, 40)),
}


def page(paper: str, pen: str, seed: int) -> tuple[Image.Image, str]:
    """Draw a page; also what is written on it."""
    chance = np.random.default_rng([list(PAPERS).index(paper), list(PENS).index(pen), seed])
    width, height = chance.uniform(90, 130), chance.uniform(60, 90)
    sheet = chance.uniform(225, 245) + chance.normal(0, 3, 3)
    image = Image.new("RGB", (round(width * SCALE), round(height * SCALE)), tuple(map(int, sheet)))
    ruled(image, paper, chance)
    text = written(image, paper, pen, chance)
    return photographed(image, sheet, chance), text


def ruled(image: Image.Image, paper: str, chance: np.random.Generator) -> None:
    """Print the lines of a paper."""
    across, down, colour = PAPERS[paper]
    draw = ImageDraw.Draw(image)
    width, height = image.size
    for y in np.arange(chance.uniform(0, across), height / SCALE, across) if across else ():
        draw.line([(0, y * SCALE), (width, y * SCALE)], colour, 3)
    for x in np.arange(chance.uniform(0, down), width / SCALE, down) if down else ():
        draw.line([(x * SCALE, 0), (x * SCALE, height)], colour, 3)


def written(image: Image.Image, paper: str, pen: str, chance: np.random.Generator) -> str:
    """Write three lines of digits; returns them."""
    across, _, colour = PAPERS[paper]
    width, height = np.array(image.size) / SCALE
    thick, ink = PENS[pen]
    stroke = max(2, round(thick * SCALE * chance.uniform(0.85, 1.15)))
    high = chance.uniform(12, 16) if pen == "marker" else chance.uniform(5.5, 9)
    pitch = max(1.6 * high, across) + 3 * (paper == "boxes")
    slant, layer, lines = chance.uniform(-0.1, 0.25), Image.new("L", image.size), []
    for y in np.arange(chance.uniform(6, 10), height - 4 - high, pitch)[:3]:
        x, line = chance.uniform(6, 12), ""
        for digit in chance.integers(0, 10, chance.integers(3, 7)).astype(str).tolist():
            tall = high * chance.uniform(0.88, 1.12)
            wide = tall * chance.uniform(0.5, 0.72) * (0.7 if digit == "1" else 1)
            if x + wide > width - 6:
                break
            if paper == "boxes":
                corners = np.array([x - 1.2, y - 1.8, x + 0.75 * high + 1.2, y + high + 1.8])
                ImageDraw.Draw(image).rectangle((corners * SCALE).tolist(), None, colour, 3)
            for points in STROKES[digit][chance.integers(len(STROKES[digit]))]:
                across_, along = smoothed(points, chance).T
                places = [x + wide * (across_ + slant * (0.5 - along)), y + tall * along]
                drawn(layer, SCALE * np.transpose(places), stroke)
            line += digit
            x += 0.75 * high + 3.4 if paper == "boxes" else wide + thick + chance.uniform(1.2, 3)
        lines.append(line)
    inked(image, layer, ink, chance if pen == "pencil" else None)
    return "\n".join(lines)


def smoothed(points: list, chance: np.random.Generator) -> np.ndarray:
    """The points [n, 2] of a stroke with tremor, close together and without sharp corners."""
    corners = np.array(points, float) + chance.normal(0, 0.012, (len(points), 2))
    way = np.r_[0, np.cumsum(np.hypot(*np.diff(corners, axis=0).T))]
    steps = np.linspace(0, way[-1], max(12, int(way[-1] * 120)))
    line = np.stack([np.interp(steps, way, axis) for axis in corners.T], axis=1)
    round_line = gaussian_filter1d(line, 3, axis=0, mode="nearest")
    round_line[[0, -1]] = line[[0, -1]]
    return round_line


def drawn(layer: Image.Image, places: np.ndarray, stroke: int) -> None:
    draw = ImageDraw.Draw(layer)
    draw.line([tuple(place) for place in places], 255, stroke, joint="curve")
    for x, y in places[[0, -1]]:
        draw.ellipse([x - stroke / 2, y - stroke / 2, x + stroke / 2, y + stroke / 2], 255)


def inked(
    image: Image.Image, layer: Image.Image, ink: tuple, grain: np.random.Generator | None
) -> None:
    """Lay ink on an image, in a pencil's grain if there is chance for one."""
    cover = np.asarray(layer, np.float32) / 255
    if grain is not None:
        rough = gaussian_filter(grain.normal(0, 1, cover.shape), 1.2)
        cover = cover * (1 - 0.25 * (rough / rough.std()).clip(-1, 2)).clip(0, 1)
    mask = Image.fromarray((255 * cover).astype(np.uint8))
    image.paste(Image.new("RGB", image.size, ink), mask=mask)


def photographed(image: Image.Image, sheet: np.ndarray, chance: np.random.Generator) -> Image.Image:
    """See a page as a camera does."""
    width, height = image.size
    corners = np.array([0, 0, 0, height, width, height, width, 0])
    inwards = np.array([1, 1, 1, -1, -1, -1, -1, 1]) * ([width, height] * 4)
    quad = tuple(corners + inwards * chance.uniform(0, 0.025, 8))
    image = image.transform(image.size, Image.Transform.QUAD, quad, Image.Resampling.BICUBIC)
    ground = tuple(map(int, sheet))
    image = image.rotate(chance.uniform(-2, 2), Image.Resampling.BICUBIC, fillcolor=ground)
    image = image.filter(ImageFilter.GaussianBlur(chance.uniform(0.6, 1.6)))
    rows, columns = np.mgrid[:height, :width] / np.array([height, width])[:, None, None] - 0.5
    falls = chance.uniform(-0.25, 0.25, 2)
    light = chance.uniform(0.75, 1) * (1 + falls[0] * rows + falls[1] * columns)
    if chance.random() < 0.5:
        angle = chance.uniform(0, 2 * np.pi)
        beyond = (columns * np.cos(angle) + rows * np.sin(angle)) * width / 30
        light = light * (1 - 0.3 / (1 + np.exp(-beyond)))
    levels = np.asarray(image, np.float32) * light[..., None]
    levels = (levels + chance.normal(0, 3, levels.shape)).clip(0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(levels).save(file, "JPEG", quality=int(chance.integers(70, 92)))
    return Image.open(file)


def edits(text: str, wanted: str) -> int:
    """The fewest characters put in, left out or replaced that make a text what is wanted."""
    row = list(range(len(wanted) + 1))
    for i, ours in enumerate(text, 1):
        before, row[0] = row[0], i
        for j, theirs in enumerate(wanted, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (ours != theirs))
    return row[-1]


def measure(paper: str, pen: str, pages: range) -> dict:
    """Read the pages of a paper and a pen."""
    digits, wrong = 0, []
    for seed in pages:
        image, wanted = page(paper, pen, seed)
        try:
            text = tenfold.read(image).text.replace(" ", "")
        except InputError:
            text = ""
        digits += len(wanted.replace("\n", ""))
        wrong.append(edits(text, wanted))
    return {"digits": digits, "edits": wrong}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--papers", default=",".join(PAPERS), help="names, with commas")
    parser.add_argument("--pages", type=int, default=4, help="of each paper and pen; 4")
    parser.add_argument("--first", type=int, default=0, help="the first page's number; 0")
    options = parser.parse_args()
    pages = range(options.first, options.first + options.pages)
    found = {
        paper: {pen: measure(paper, pen, pages) for pen in PENS}
        for paper in options.papers.split(",")
    }
    rows = []
    for paper, pens in found.items():
        digits = sum(answer["digits"] for answer in pens.values())
        wrong = [edit for answer in pens.values() for edit in answer["edits"]]
        cells = [f"{sum(answer['edits'])} of {answer['digits']}" for answer in pens.values()]
        all_of_it = f"{sum(wrong)} of {digits} = {100 * sum(wrong) / digits:.1f} %"
        rows.append([paper, *cells, all_of_it, f"{wrong.count(0)} of {len(wrong)}"])
    print_table("Edits, of digits", ["", *PENS, "together", "pages without"], rows)
    version = importlib.metadata.version("tenfold")
    print(json.dumps({"machine": machine(), "tenfold": version, "found": found}))


if __name__ == "__main__":
    main()
