"""Reports: what the page says, that it needs nothing else, and that it can be used."""

import dataclasses
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from browsing import DESKTOP, needs_browser, watched_page

import tenfold
from tenfold import InputError, report
from tenfold.networks.recipes import recipe
from tenfold.report.gallery import gallery
from tenfold.report.layers import first_weights, layers
from tenfold.report.provenance import commands
from tenfold.runs.layout import HISTORY

SCRIPT = "<script>alert(1)</script>"
NAMES = (SCRIPT, *(f"digit {k}" for k in range(1, 10)))


@pytest.fixture(scope="module")
def run(few, tmp_path_factory):
    """Two linear networks whose first class has a hostile name; their test set was opened."""
    named = {
        name: dataclasses.replace(split, class_names=NAMES) for name, split in few.present().items()
    }
    splits = dataclasses.replace(few, **named)
    out = tmp_path_factory.mktemp("report") / "linear"
    trained = tenfold.train("logistic", splits, seeds=2, out=out, verbose=False)
    trained.evaluate("test", data=splits)
    return trained


@pytest.fixture(scope="module")
def conv(few, tmp_path_factory):
    """A convolutional network whose test set is sealed."""
    chosen = recipe("quick").replace(epochs=1)
    out = tmp_path_factory.mktemp("report") / "conv"
    return tenfold.train(chosen, few, out=out, verbose=False)


@pytest.fixture(scope="module")
def path(run, tmp_path_factory):
    return report.write(run, tmp_path_factory.mktemp("page") / "linear.html")


@pytest.fixture
def open_page(browser):
    """Opens a file, and holds what the page complained of and what it asked the network for."""
    contexts = []

    def open_file(path, **settings):
        contexts.append(browser.new_context(**{"viewport": DESKTOP, **settings}))
        return watched_page(contexts[-1], path.as_uri())

    yield open_file
    for context in contexts:
        context.close()


@pytest.fixture
def page(path, open_page):
    return open_page(path)


# The file


def test_the_report_stands_in_the_run_by_default(conv):
    assert report.write(conv.path) == conv.path / "report.html"
    assert (conv.path / "report.html").read_text().startswith("<!doctype html>")


def test_the_same_folder_gives_the_same_bytes(run, path, tmp_path):
    assert report.write(run, tmp_path / "again.html").read_bytes() == path.read_bytes()


def test_the_file_is_small_and_names_no_place_to_load_from(path):
    text = path.read_text()
    assert len(text) < 5_000_000
    assert re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', text) == []
    assert "url(http" not in text
    assert "@import" not in text


def test_neither_keras_nor_jax_is_imported(run, tmp_path):
    code = (
        "import sys; from tenfold import report\n"
        f"report.write({str(run.path)!r}, {str(tmp_path / 'r.html')!r})\n"
        "print(sorted({'keras', 'jax'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_class_names_are_escaped(path):
    text = path.read_text()
    assert SCRIPT not in text
    assert text.count("<script") == 2  # the data and the page's own
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_the_test_set_is_not_opened_by_a_report(conv, tmp_path):
    report.write(conv, tmp_path / "r.html")
    assert conv.test_openings() == []


def test_the_command_prints_the_path_and_what_is_shown(conv, tenfold_main, tmp_path):
    code, out, _ = tenfold_main("report", conv.path, "--out", tmp_path / "r.html")
    assert code == 0
    assert out.splitlines() == [
        f"report  {tmp_path / 'r.html'}",
        "shows   500 validation images",
    ]
    assert (tmp_path / "r.html").exists()


def test_the_command_opens_the_page(conv, tenfold_main, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    tenfold_main("report", conv.path, "--out", tmp_path / "r.html", "--open")
    assert opened == [(tmp_path / "r.html").as_uri()]


# Bad input


def without_answers(folder, tmp_path):
    shutil.rmtree(folder / "predictions")


def diverged(folder, tmp_path):
    values = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**values, "status": "diverged"}))


def unfinished(folder, tmp_path):
    values = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**values, "status": "training"}))


def without_history(folder, tmp_path):
    (folder / HISTORY).unlink()


def without_network(folder, tmp_path):
    (folder / "network.json").unlink()


def damaged_weights(folder, tmp_path):
    next((folder / "weights").glob("*.h5")).write_bytes(b"nothing")


def onto_a_folder(folder, tmp_path):
    (tmp_path / "r.html").mkdir()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (without_answers, "no stored predictions"),
        (diverged, "became NaN"),
        (unfinished, "not finished"),
        (without_history, "history.csv: missing"),
        (without_network, "network.json: missing"),
        (damaged_weights, "cannot be read"),
        (onto_a_folder, "a folder; give the name of a file"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_one_line(conv, tmp_path, spoil, said):
    folder = shutil.copytree(conv.path, tmp_path / "copy")
    spoil(folder, tmp_path)
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        report.write(folder, tmp_path / "r.html")
    assert "\n" not in str(caught.value)


# What it says


def test_headline_and_scores_are_those_of_the_evaluation(run, path):
    found, _ = run.saved_evaluation()
    accuracy = found.over_seeds()["accuracy"]
    text = path.read_text()
    assert f'<span class="figure">{100 * accuracy.mean:.2f} %</span>' in text
    assert f"± {100 * accuracy.sd:.2f} over 2 seeds" in text
    for score in found.log_loss:
        assert f"{score.value:.4f}" in text
    recall = found.per_class()["digit 5"].recall
    assert f"{100 * recall.low:.1f} to {100 * recall.high:.1f}" in text


def test_a_sealed_test_set_and_an_opened_one_are_told(conv, path, tmp_path):
    sealed = report.write(conv, tmp_path / "r.html").read_text()
    assert "<b>500 validation images</b>" in sealed
    assert "it has not been opened for this run" in sealed
    opened = path.read_text()
    assert "<b>310 test images</b>" in opened
    assert "was opened once for this run" in opened


def test_each_of_several_openings_is_listed(run, tmp_path):
    folder = shutil.copytree(run.path, tmp_path / "copy")
    entries = [{"time": f"2026-11-2{i}T08:55:19+00:00", "by": "evaluate"} for i in range(3)]
    ledger = "".join(json.dumps({**entry, "images": 310}) + "\n" for entry in entries)
    (folder / "test-openings.jsonl").write_text(ledger)
    text = report.write(folder, tmp_path / "r.html").read_text()
    assert "was opened 3 times for this run" in text
    assert "22 November 2026, 08:55, by evaluate" in text


def test_a_run_validated_on_the_test_set_says_so(run, tmp_path):
    folder = shutil.copytree(run.path, tmp_path / "copy")
    values = json.loads((folder / "run.json").read_text())
    changed = {**values, "protocol": "published", "calibrations": []}
    (folder / "run.json").write_text(json.dumps(changed))
    text = report.write(folder, tmp_path / "r.html").read_text()
    assert '<p class="warning"><b>Published protocol.</b>' in text
    assert "No temperature was fitted" in text
    assert "There is no threshold: the published protocol" in text


def test_galleries_are_in_order_of_confidence_and_cells_in_agreement(run):
    found, examples = run.saved_evaluation()
    told = gallery(found, examples)
    mistakes, hits = ([one["index"] for one in told[name]] for name in ("mistakes", "hits"))
    assert mistakes == found.mistakes()[:40].tolist()
    assert hits == found.least_confident_correct()[:40].tolist()
    assert all(image["top"][0][0] != image["true"] for image in told["mistakes"])
    assert all(image["top"][0][0] == image["true"] for image in told["hits"])
    matrix = found.confusion_matrix()
    for cell, places in told["data"]["cells"].items():
        true, predicted = map(int, cell.split("-"))
        assert len(places) == min(8, matrix[true, predicted])
        assert (found.labels[places] == true).all()


def test_layers_and_parameters_are_those_of_keras(conv, run):
    for one in (conv, run):
        counts = {layer.name: layer.count_params() for layer in one.model.layers}
        told = {layer.name: layer.parameters for layer in layers(one) if layer.kind != "InputLayer"}
        assert told == counts


def test_first_weights_are_those_of_keras(conv, run):
    filters, classes = first_weights(conv), first_weights(run)
    kernel = np.asarray(conv.model.layers[0].kernel)
    np.testing.assert_array_equal(filters.weights[3], kernel[:, :, 0, 3])
    assert (filters.kind, filters.is_output) == ("Conv2D", False)
    kernel = np.asarray(run.model.layers[0].kernel)
    np.testing.assert_array_equal(classes.weights[7], kernel[:, 7].reshape(28, 28))
    assert (classes.kind, classes.is_output) == ("Dense", True)


def as_from_mnist(run, chosen, **changes):
    """The record of a run as though it had been trained on a dataset known by name."""
    from tenfold.data import Origin

    origin = Origin("mnist", 5000, 0, False)
    data = dataclasses.replace(run.record.data, origin=changes.pop("origin", origin))
    copy = tenfold.Run(run.path)
    copy.record = run.record.replace(recipe=chosen, data=data, **changes)
    return copy


def test_commands_train_the_same_again(run):
    changed = recipe("dense-512").replace(epochs=3, arguments={"hidden": [64, 32]})
    first, *_ = commands(as_from_mnist(run, changed), "test")
    assert first == (
        "tenfold train dense-512 --hidden 64+32 --epochs 3 --seeds 2 --data mnist --out linear"
    )


def test_what_has_no_option_is_trained_again_from_python(run):
    changed = recipe("conv").replace(arguments={"filters": [8], "kernels": 3})
    lines = commands(as_from_mnist(run, changed, protocol="published"), "validation")
    assert lines[-2] == (
        ">>> tenfold.train(tenfold.Recipe.from_json(recipe), data, seeds=2, protocol='published')"
    )
    assert lines[-1] == "tenfold report linear"
    assert any("made in memory" in line for line in commands(run, "test"))


# Diagnosis


def history(**curves):
    epochs = len(next(iter(curves.values())))
    return pd.DataFrame({"epoch": range(1, epochs + 1), "seed": 0, **curves})


CASES = {
    "diverged": history(
        loss=[0.5, np.nan, np.nan],
        accuracy=[0.8, 0.1, 0.1],
        val_loss=[0.5, np.nan, np.nan],
        val_accuracy=[0.8, 0.1, 0.1],
    ),
    "overfitting": history(
        loss=[0.3, 0.1, 0.05, 0.01],
        accuracy=[0.91, 0.97, 0.99, 1.0],
        val_loss=[0.2, 0.15, 0.18, 0.22],
        val_accuracy=[0.94, 0.96, 0.96, 0.96],
    ),
    "still improving": history(
        loss=[0.9, 0.7, 0.5, 0.4],
        accuracy=[0.7, 0.8, 0.85, 0.88],
        val_loss=[0.9, 0.7, 0.5, 0.4],
        val_accuracy=[0.7, 0.8, 0.85, 0.88],
    ),
    "underfitting": history(
        loss=[0.5, 0.42, 0.41, 0.41],
        accuracy=[0.8, 0.85, 0.85, 0.85],
        val_loss=[0.5, 0.43, 0.42, 0.42],
        val_accuracy=[0.8, 0.85, 0.85, 0.85],
    ),
    "fine": history(
        loss=[0.2, 0.06, 0.04, 0.035],
        accuracy=[0.95, 0.98, 0.985, 0.99],
        val_loss=[0.1, 0.06, 0.0500, 0.0500],
        val_accuracy=[0.96, 0.98, 0.985, 0.985],
    ),
    "too short": history(
        loss=[0.5, 0.2], accuracy=[0.8, 0.9], val_loss=[0.5, 0.2], val_accuracy=[0.8, 0.9]
    ),
    "not validated": history(loss=[0.5, 0.2, 0.1], accuracy=[0.8, 0.9, 0.95]),
}


@pytest.mark.parametrize("verdict", CASES)
def test_diagnosis(verdict):
    assert report.diagnose(CASES[verdict]).verdict == verdict


def test_a_loss_that_ends_above_its_beginning_has_diverged():
    curves = CASES["fine"].assign(loss=[0.2, 0.3, 1.5, 2.3])
    found = report.diagnose(curves)
    assert found.verdict == "diverged"
    assert "0.2000 after the first epoch to 2.3000" in found.finding


def test_a_wide_gap_is_overfitting_though_the_loss_is_silent():
    curves = CASES["fine"].assign(accuracy=[0.95, 0.98, 0.99, 0.999], val_accuracy=0.95)
    found = report.diagnose(curves)
    assert found.verdict == "overfitting"
    assert found.gap == pytest.approx(0.049)
    assert "4.90 points above" in found.finding


def test_several_seeds_are_judged_by_their_mean():
    seeds = [CASES["overfitting"].assign(seed=seed) for seed in range(3)]
    one, many = report.diagnose(seeds[0]), report.diagnose(pd.concat(seeds))
    assert many == one
    assert "lowest after epoch 2 (0.1500)" in many.finding
    assert "47 %" in many.finding


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (CASES["fine"].iloc[:0], "no rows"),
        (CASES["fine"].drop(columns="loss"), "lacks the column 'loss'"),
    ],
)
def test_a_history_that_tells_nothing_is_refused(table, said):
    with pytest.raises(InputError, match=said):
        report.diagnose(table)


# In a browser


@needs_browser
def test_it_asks_for_nothing_and_complains_of_nothing(page, path):
    page.check("#evidence")
    page.click("td.diagonal [data-cell]")
    assert page.requests[0] == path.as_uri()
    assert [url for url in page.requests[1:] if not url.startswith("data:")] == []
    assert page.complaints == []


@needs_browser
def test_a_cell_opens_the_images_behind_it(page, run):
    found, _ = run.saved_evaluation()
    matrix = found.confusion_matrix()
    np.fill_diagonal(matrix, 0)
    true, predicted = np.unravel_index(matrix.argmax(), matrix.shape)
    assert page.is_hidden("#cell")
    page.click(f'[data-cell="{true}-{predicted}"]')
    n = int(matrix.max())
    title = page.inner_text("#cell-title")
    assert title.startswith(f"True {NAMES[true]}, predicted {NAMES[predicted]}: ")
    assert title.endswith(f"{min(8, n)} of {n} shown")
    assert page.locator("#cell .tile").count() == min(8, n)
    loaded = "all => all.every(image => image.naturalWidth === 28 && image.alt)"
    assert page.locator("#cell img").evaluate_all(loaded)


@needs_browser
def test_the_keyboard_moves_through_cells_opens_them_and_shows_evidence(page):
    cells = page.locator('[data-cell][tabindex="0"]')
    assert cells.count() == 1
    page.focus('[data-cell="1-1"]')
    before = page.evaluate("document.activeElement.dataset.cell")
    page.keyboard.press("ArrowDown")
    after = page.evaluate("document.activeElement.dataset.cell")
    assert after != before
    assert after.split("-")[1] == "1"
    page.keyboard.press("Enter")
    assert page.is_visible("#cell")
    page.focus("#mistakes .image >> nth=0")
    page.keyboard.press("Space")
    assert page.locator("#mistakes .image canvas").count() == 1
    assert page.get_attribute("#mistakes .image >> nth=0", "aria-pressed") == "true"
    page.keyboard.press("Enter")
    assert page.locator("#mistakes .image canvas").count() == 0


@needs_browser
def test_evidence_is_drawn_on_every_image_where_it_lies(page, run):
    _, examples = run.saved_evaluation()
    page.check("#evidence")
    assert page.locator(".image canvas").count() == page.locator(".tile").count()
    index = int(page.get_attribute("#mistakes .tile >> nth=0", "data-index"))
    evidence = examples.evidence[examples.indices.tolist().index(index)]
    row, column = np.unravel_index(np.abs(evidence).argmax(), evidence.shape)
    x, y = ((0.125 * (k + 1)) * 224 for k in (column, row))
    pixel = page.evaluate(
        "([x, y]) => [...document.querySelector('#mistakes canvas').getContext('2d')"
        ".getImageData(x, y, 1, 1).data]",
        [x, y],
    )
    warm = pixel[0] > pixel[2]
    assert warm == (evidence[row, column] > 0)
    assert pixel[3] > 100


@needs_browser
def test_the_table_of_classes_sorts_by_click_and_key(page):
    recall = page.locator("#classes thead button >> nth=3")
    values = "rows => rows.map(row => Number(row.cells[3].dataset.value))"
    rows = page.locator("#classes tbody tr")
    recall.click()
    assert rows.evaluate_all(values) == sorted(rows.evaluate_all(values))
    assert page.locator("#classes th[aria-sort=ascending]").count() == 1
    recall.focus()
    page.keyboard.press("Enter")
    assert rows.evaluate_all(values) == sorted(rows.evaluate_all(values), reverse=True)
    assert "lowest recall" in rows.last.inner_text()


@needs_browser
def test_light_and_dark_differ(path, open_page):
    background = "getComputedStyle(document.body).backgroundColor"
    shades = {
        scheme: open_page(path, color_scheme=scheme).evaluate(background)
        for scheme in ("light", "dark")
    }
    assert shades == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 22, 26)"}


@needs_browser
def test_a_narrow_phone_scrolls_down_only(path, open_page):
    page = open_page(path, viewport={"width": 360, "height": 740})
    page.click("td.diagonal [data-cell]")
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@needs_browser
def test_every_image_and_picture_has_words(page):
    page.click("td.diagonal [data-cell]")
    assert page.locator("img").count() > 50
    assert page.locator("img").evaluate_all("all => all.every(image => image.alt.trim())")
    assert page.locator("svg").count() == 4
    labels = "all => all.every(one => one.getAttribute('aria-label').trim())"
    assert page.locator("svg").evaluate_all(labels)
    assert page.get_attribute("html", "lang") == "en"
    assert page.locator("h1").count() == 1
    assert page.locator("main").count() == 1


@needs_browser
def test_the_galleries_are_there_without_a_script(path, open_page):
    page = open_page(path, java_script_enabled=False)
    assert page.locator("#mistakes img").count() > 0
    assert page.locator("#hits img").count() > 0
    assert page.is_hidden("#evidence")


def test_the_templates_are_in_the_package():
    folder = Path(report.__file__).parent / "templates"
    settings = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert {"page.html", "style.css", "script.js"} <= {file.name for file in folder.iterdir()}
    assert '"report/templates/*"' in settings
