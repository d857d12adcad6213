"""Reading errors on plain, ruled and squared paper and in boxes.

What is measured
    The edit distance between the text read from each synthetic page and the text on it (a digit
    inserted, deleted or replaced; `?` counts as no digit), and the number of pages without an edit.

How
    For every paper and every pen the script draws --pages pages with three lines of three to six
    digits along handwritten strokes (tests/strokes.json), with jitter and slant. Ruled lines
    are 0.25 mm wide, every 8 mm (ruled) or 5 mm (squared); each box holds one digit. Pages are then
    rotated by up to 2 degrees, distorted in perspective, blurred, unevenly lit, half of them with
    the edge of a shadow, made noisy, and saved as JPEG with 12 pixels per millimetre. The number of
    a page is its seed. Line removal was tuned on pages of an earlier version of this script; of
    these pages, 0 to 7 were inspected, and a threshold was chosen on 12 to 15.

Versions
    those of the Python that runs this script; they are in the JSON.

    python benchmarks/papers.py --first 8             # three minutes
    python benchmarks/papers.py --first 8 --papers squared,boxes --pages 2
"""

import importlib.metadata
import io
import json
from pathlib import Path

import numpy as np
from command_line import make_parser, print_json
from machine import machine
from PIL import Image, ImageDraw, ImageFilter
from scipy.ndimage import gaussian_filter, gaussian_filter1d
from tables import print_table

import tenfold
from tenfold.core.errors import InputError

STROKES = json.loads((Path(__file__).parents[1] / "tests" / "strokes.json").read_text())
SCALE = 12  # pixels per millimetre
PENS = {  # width in millimetres, colour
    "ballpoint": (0.5, (35, 50, 140)),
    "gel": (0.8, (25, 25, 30)),
    "marker": (2.0, (30, 30, 34)),
    "pencil": (0.55, (110, 110, 115)),
    "red": (0.7, (190, 40, 50)),
}
PAPERS = {  # distance of horizontal and of vertical lines in millimetres, and their colour
    "plain": (0, 0, None),
    "ruled": (8, 0, (150, 170, 205)),
    "squared": (5, 5, (178, 196, 222)),
    "dark": (5, 5, (120, 130, 150)),
    "boxes": (0, 0, (40, 40, 40)),
}


def page(paper: str, pen: str, seed: int) -> tuple[Image.Image, str]:
    """Draw a page; return its image and its text."""
    rng = np.random.default_rng([list(PAPERS).index(paper), list(PENS).index(pen), seed])
    width, height = rng.uniform(90, 130), rng.uniform(60, 90)
    sheet = rng.uniform(225, 245) + rng.normal(0, 3, 3)
    image = Image.new("RGB", (round(width * SCALE), round(height * SCALE)), tuple(map(int, sheet)))
    draw_lines(image, paper, rng)
    text = write_digits(image, paper, pen, rng)
    return photograph(image, sheet, rng), text


def draw_lines(image: Image.Image, paper: str, rng: np.random.Generator) -> None:
    """Draw the ruled lines of a paper."""
    across, down, colour = PAPERS[paper]
    draw = ImageDraw.Draw(image)
    width, height = image.size
    for y in np.arange(rng.uniform(0, across), height / SCALE, across) if across else ():
        draw.line([(0, y * SCALE), (width, y * SCALE)], colour, 3)
    for x in np.arange(rng.uniform(0, down), width / SCALE, down) if down else ():
        draw.line([(x * SCALE, 0), (x * SCALE, height)], colour, 3)


def write_digits(image: Image.Image, paper: str, pen: str, rng: np.random.Generator) -> str:
    """Write three lines of digits; return their text."""
    across, _, colour = PAPERS[paper]
    width, height = np.array(image.size) / SCALE
    thick, ink = PENS[pen]
    stroke = max(2, round(thick * SCALE * rng.uniform(0.85, 1.15)))
    high = rng.uniform(12, 16) if pen == "marker" else rng.uniform(5.5, 9)
    pitch = max(1.6 * high, across) + 3 * (paper == "boxes")
    slant, layer, lines = rng.uniform(-0.1, 0.25), Image.new("L", image.size), []
    for y in np.arange(rng.uniform(6, 10), height - 4 - high, pitch)[:3]:
        x, line = rng.uniform(6, 12), ""
        for digit in rng.integers(0, 10, rng.integers(3, 7)).astype(str).tolist():
            tall = high * rng.uniform(0.88, 1.12)
            wide = tall * rng.uniform(0.5, 0.72) * (0.7 if digit == "1" else 1)
            if x + wide > width - 6:
                break
            if paper == "boxes":
                corners = np.array([x - 1.2, y - 1.8, x + 0.75 * high + 1.2, y + high + 1.8])
                ImageDraw.Draw(image).rectangle((corners * SCALE).tolist(), None, colour, 3)
            for points in STROKES[digit][rng.integers(len(STROKES[digit]))]:
                across_, along = smooth(points, rng).T
                places = [x + wide * (across_ + slant * (0.5 - along)), y + tall * along]
                draw_stroke(layer, SCALE * np.transpose(places), stroke)
            line += digit
            x += 0.75 * high + 3.4 if paper == "boxes" else wide + thick + rng.uniform(1.2, 3)
        lines.append(line)
    apply_ink(image, layer, ink, rng if pen == "pencil" else None)
    return "\n".join(lines)


def smooth(points: list, rng: np.random.Generator) -> np.ndarray:
    """Return the points [n, 2] of a stroke with jitter, dense and without sharp corners."""
    corners = np.array(points, float) + rng.normal(0, 0.012, (len(points), 2))
    length = np.r_[0, np.cumsum(np.hypot(*np.diff(corners, axis=0).T))]
    steps = np.linspace(0, length[-1], max(12, int(length[-1] * 120)))
    line = np.stack([np.interp(steps, length, axis) for axis in corners.T], axis=1)
    round_line = gaussian_filter1d(line, 3, axis=0, mode="nearest")
    round_line[[0, -1]] = line[[0, -1]]
    return round_line


def draw_stroke(layer: Image.Image, places: np.ndarray, stroke: int) -> None:
    draw = ImageDraw.Draw(layer)
    draw.line([tuple(place) for place in places], 255, stroke, joint="curve")
    for x, y in places[[0, -1]]:
        draw.ellipse([x - stroke / 2, y - stroke / 2, x + stroke / 2, y + stroke / 2], 255)


def apply_ink(
    image: Image.Image, layer: Image.Image, ink: tuple, grain: np.random.Generator | None
) -> None:
    """Apply ink to an image, with the grain of a pencil if a generator for it is given."""
    cover = np.asarray(layer, np.float32) / 255
    if grain is not None:
        rough = gaussian_filter(grain.normal(0, 1, cover.shape), 1.2)
        cover = cover * (1 - 0.25 * (rough / rough.std()).clip(-1, 2)).clip(0, 1)
    mask = Image.fromarray((255 * cover).astype(np.uint8))
    image.paste(Image.new("RGB", image.size, ink), mask=mask)


def photograph(image: Image.Image, sheet: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """Distort a page as a camera does."""
    width, height = image.size
    corners = np.array([0, 0, 0, height, width, height, width, 0])
    inwards = np.array([1, 1, 1, -1, -1, -1, -1, 1]) * ([width, height] * 4)
    quad = tuple(corners + inwards * rng.uniform(0, 0.025, 8))
    image = image.transform(image.size, Image.Transform.QUAD, quad, Image.Resampling.BICUBIC)
    ground = tuple(map(int, sheet))
    image = image.rotate(rng.uniform(-2, 2), Image.Resampling.BICUBIC, fillcolor=ground)
    image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.6, 1.6)))
    rows, columns = np.mgrid[:height, :width] / np.array([height, width])[:, None, None] - 0.5
    falls = rng.uniform(-0.25, 0.25, 2)
    light = rng.uniform(0.75, 1) * (1 + falls[0] * rows + falls[1] * columns)
    if rng.random() < 0.5:
        angle = rng.uniform(0, 2 * np.pi)
        beyond = (columns * np.cos(angle) + rows * np.sin(angle)) * width / 30
        light = light * (1 - 0.3 / (1 + np.exp(-beyond)))
    levels = np.asarray(image, np.float32) * light[..., None]
    levels = (levels + rng.normal(0, 3, levels.shape)).clip(0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(levels).save(file, "JPEG", quality=int(rng.integers(70, 92)))
    return Image.open(file)


def edits(text: str, expected: str) -> int:
    """Return the edit distance of two texts: insertions, deletions and replacements."""
    row = list(range(len(expected) + 1))
    for i, own in enumerate(text, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(expected, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (own != other))
    return row[-1]


def measure(paper: str, pen: str, pages: range) -> dict:
    """Read the pages of a paper and a pen; return their digits and edits."""
    digits, wrong = 0, []
    for seed in pages:
        image, expected = page(paper, pen, seed)
        try:
            text = tenfold.read(image).text.replace(" ", "")
        except InputError:
            text = ""
        digits += len(expected.replace("\n", ""))
        wrong.append(edits(text, expected))
    return {"digits": digits, "edits": wrong}


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--papers", default=",".join(PAPERS), help="names, separated by commas")
    parser.add_argument("--pages", type=int, default=4, help="of each paper and pen; 4")
    parser.add_argument("--first", type=int, default=0, help="number of the first page; 0")
    options = parser.parse_args()
    pages = range(options.first, options.first + options.pages)
    results = {
        paper: {pen: measure(paper, pen, pages) for pen in PENS}
        for paper in options.papers.split(",")
    }
    rows = []
    for paper, pens in results.items():
        digits = sum(result["digits"] for result in pens.values())
        wrong = [edit for result in pens.values() for edit in result["edits"]]
        cells = [f"{sum(result['edits'])} of {result['digits']}" for result in pens.values()]
        total = f"{sum(wrong)} of {digits} = {100 * sum(wrong) / digits:.1f} %"
        rows.append([paper, *cells, total, f"{wrong.count(0)} of {len(wrong)}"])
    print_table("Edits, of digits", ["", *PENS, "total", "pages without edits"], rows)
    version = importlib.metadata.version("tenfold")
    print_json({"machine": machine(), "tenfold": version, "found": results}, options.json)


if __name__ == "__main__":
    main()
