import base64
import io
import re
from functools import cache
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from tenfold import figures, metrics
from tenfold.core.errors import InputError

COLORS = {
    "ink": figures.INK,
    "muted": figures.QUIET,
    "rule": figures.RULE,
    "blue": figures.BLUE,
    "vermillion": figures.VERMILLION,
    "paper": "#ffffff",
}


def _digits(n: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, 28, 28), dtype=np.uint8)


def _history(epochs: int, seeds: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        [(e, s) for s in range(seeds) for e in range(1, epochs + 1)], columns=["epoch", "seed"]
    )
    for name in ("loss", "val_loss"):
        table[name] = 1 / table["epoch"] + 0.1 * rng.random(len(table))
        table[name.replace("loss", "accuracy")] = 1 - table[name] / 5
    return table


def _reliability() -> dict[str, metrics.Reliability]:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.full(10, 0.1), 1500)
    labels = [rng.choice(10, p=row) for row in probabilities]
    return {
        "before": metrics.reliability(probabilities, labels),
        "after temperature": metrics.reliability(
            metrics.apply_temperature(probabilities, 1.5), labels
        ),
    }


def _risk() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    accepted = np.arange(1, 10_001)
    wrong = np.cumsum(rng.random(10_000) < 0.2 * (accepted / 10_000) ** 20)
    return [(accepted / 10_000, wrong / accepted)]


PICTURES = {
    "gallery": lambda: figures.gallery(_digits(4), [1, 2, 3, 4]),
    "predictions": lambda: figures.predictions(_digits(2), [[0.1, 0.9], [0.7, 0.3]], [1, 1]),
    "weights": lambda: figures.weights(np.random.default_rng(0).normal(size=(6, 5, 5))),
    "learning_curves": lambda: figures.learning_curves(_history(4, 3), "three seeds"),
    "confusion_matrix": lambda: figures.confusion_matrix(
        np.random.default_rng(0).integers(0, 9, (10, 10)), ["T-shirt/top <&>", *"123456789"]
    ),
    "reliability": lambda: figures.reliability(_reliability()),
    "risk_coverage": lambda: figures.risk_coverage(_risk(), (0.97, 0.002)),
    "intervals": lambda: figures.intervals(
        ["a", "b"], [1, 2], [0, 1], [2, 3], title="t", xlabel="x", highlight=0, percent=False
    ),
}
every_picture = pytest.mark.parametrize("picture", PICTURES)


@cache
def _drawn(picture: str) -> Figure:
    return PICTURES[picture]()


@cache
def _svg(picture: str) -> str:
    return figures.to_svg(_drawn(picture))


@every_picture
def test_saved_png_decodes(picture, tmp_path):
    figure = _drawn(picture)
    figures.save(figure, tmp_path / "picture.PNG")
    with Image.open(tmp_path / "picture.PNG") as image:
        image.load()
        assert image.format == "PNG"
        assert image.info["Description"] == figure.get_label() != ""
        assert np.asarray(image.convert("L")).std() > 1


@every_picture
def test_saved_svg_parses_and_has_a_title(picture, tmp_path):
    figure = _drawn(picture)
    figures.save(figure, str(tmp_path / "picture.svg"))
    root = ElementTree.parse(tmp_path / "picture.svg").getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.find(".//{*}title").text == figure.get_label()


@every_picture
def test_same_picture_same_bytes(picture, tmp_path):
    one, other = _drawn(picture), PICTURES[picture]()
    assert figures.to_png(one) == figures.to_png(other)
    assert _svg(picture) == figures.to_svg(other)
    for name, figure in (("a", one), ("b", other)):
        figures.save(figure, tmp_path / f"{name}.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_html_is_one_image_tag_with_alt_text():
    figure = PICTURES["intervals"]()
    root = ElementTree.fromstring(figures.to_html(figure).replace('">', '"/>'))
    assert root.tag == "img"
    assert root.get("alt") == figure.get_label()
    content = base64.b64decode(root.get("src").removeprefix("data:image/png;base64,"))
    assert content == figures.to_png(figure)


def test_alt_text_is_escaped():
    figure = figures.gallery(_digits(1))
    tag = figures.to_html(figure, alt='"><script>')
    assert re.match(r'<img alt="&quot;&gt;&lt;script&gt;" ', tag)
    root = ElementTree.fromstring(figures.to_svg(figure, alt='"><script>'))
    assert root.get("aria-label") == '"><script>'
    assert "<script>" not in figures.to_svg(figure, alt='"><script>')


@every_picture
def test_inline_svg_is_one_element_that_fits_its_page(picture):
    figure = _drawn(picture)
    text = _svg(picture)
    root = ElementTree.fromstring(text)
    assert text.startswith("<svg ")
    assert "<?" not in text
    assert "<!" not in text
    assert (root.get("role"), root.get("aria-label")) == ("img", figure.get_label())
    _, _, width, height = map(float, root.get("viewBox").split())
    assert width / height == pytest.approx(figure.get_figwidth() / figure.get_figheight(), 1e-3)
    style = root.get("style")
    assert "width: 100%" in style
    assert f"max-width: {round(100 * figure.get_figwidth())}px" in style
    assert (root.get("width"), root.get("height")) == (None, None)


@every_picture
def test_inline_svg_refers_to_nothing_outside_and_rules_nothing_outside(picture):
    root = ElementTree.fromstring(_svg(picture))
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "g", "defs", "path", "use", "text", "tspan", "clipPath", "rect", "image"}
    ids = {element.get("id") for element in root.iter() if element.get("id")}
    for element in root.iter():
        for key, value in element.attrib.items():
            assert "http" not in value or key == "xmlns"
            for name in re.findall(r"url\(#(.+?)\)", value):
                assert name in ids
            if key.endswith("href"):
                assert value.startswith("data:image/png;base64,") or value[1:] in ids


def test_inline_svgs_share_no_ids():
    pages = [ElementTree.fromstring(_svg(picture)) for picture in PICTURES]
    ids = [element.get("id") for page in pages for element in page.iter() if element.get("id")]
    assert len(ids) == len(set(ids)) > len(pages)


@every_picture
def test_inline_svg_leaves_colours_to_the_page(picture):
    text = _svg(picture)
    for name, color in COLORS.items():
        used = re.findall(rf"(?i)(var\(--\w+, )?{color}", text)
        assert set(used) <= {f"var(--{name}, "}
    assert "var(--paper, " in text


@pytest.mark.parametrize("picture", ["learning_curves", "confusion_matrix", "reliability"])
def test_inline_svg_has_every_text_as_text_in_the_page_typeface(picture):
    figure = _drawn(picture)
    text = _svg(picture)
    root = ElementTree.fromstring(text)
    written = [element.text for element in root.iter() if element.tag.endswith("}text")]
    texts = [artist.get_text() for artist in figure.axes[0].texts]
    assert texts
    for line in "\n".join([*texts, figure.axes[0].get_title(loc="left")]).split("\n"):
        assert line in written
    assert "DejaVu" not in text


@pytest.mark.parametrize(
    "draw",
    [
        lambda: figures.learning_curves(_history(30, 8)),
        lambda: figures.learning_curves(_history(500, 1)),
        lambda: figures.risk_coverage(_risk(), (0.97, 0.002)),
        lambda: figures.reliability(_reliability()),
    ],
    ids=["8 seeds", "500 epochs", "risk", "reliability"],
)
def test_inline_svg_is_small(draw):
    assert len(figures.to_svg(draw())) < 40_000


def test_dollar_signs_are_no_formula(tmp_path):
    figure = figures.gallery(_digits(1), [r"$\nonsense{$ 5"])
    assert r"$\nonsense{$ 5" in figures.to_svg(figure)
    figures.save(figures.confusion_matrix([[1, 0], [0, 1]], ["$_$", "$^$"]), tmp_path / "a.png")
    assert (tmp_path / "a.png").exists()


@pytest.mark.parametrize("name", ["picture.jpg", "picture", "picture.png.pdf", ".png"])
def test_other_suffixes_are_refused_and_nothing_is_written(name, tmp_path):
    with pytest.raises(InputError, match=r"\.png or \.svg"):
        figures.save(figures.gallery(_digits(1)), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_failing_write_leaves_what_was_there(suffix, tmp_path, monkeypatch):
    path = tmp_path / f"picture.{suffix}"
    path.write_bytes(b"the picture before")
    figure = figures.gallery(_digits(1))
    monkeypatch.setattr("os.replace", _fail)
    monkeypatch.setattr("pathlib.Path.replace", _fail)
    monkeypatch.setattr("os.rename", _fail)
    with pytest.raises(Exception, match="disk"):
        figures.save(figure, path)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == b"the picture before"


def _fail(*_: object) -> None:
    raise RuntimeError("the disk is gone")


def test_images_in_svg_keep_their_own_pixels():
    root = ElementTree.fromstring(figures.to_svg(figures.gallery(_digits(3))))
    sources = [e.get("href") for e in root.iter() if e.tag.endswith("}image")]
    shown = [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(s.partition(",")[2]))).convert("L"))
        for s in sources
    ]
    np.testing.assert_array_equal(shown, _digits(3))
