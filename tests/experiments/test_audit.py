"""Audits: planted errors and duplicates are found, and the page gives corrections that load."""

import csv

import numpy as np
import pandas as pd
import pytest
from browsing import needs_browser, watched_page
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist

import tenfold
from tenfold import InputError
from tenfold.data import Dataset, Splits
from tenfold.experiments.audits import audit, auditor, find_duplicates, page, tables
from tenfold.networks.recipes import recipe

DENSE = recipe("dense-47").replace(arguments={"hidden": [48]}, batch_size=60, epochs=12)


def save(path, splits):
    arrays = {f"x_{name}": data.images for name, data in splits.items()}
    np.savez(path, **arrays, **{f"y_{name}": data.labels for name, data in splits.items()})
    return path


def with_labels(data, labels):
    return Dataset(data.images, labels, data.class_names, data.name)


# Planted errors


@pytest.fixture(scope="module")
def planted(mnist, tmp_path_factory):
    """1,500 real digits with 30 wrong labels, as a file; the places of the wrong ones."""
    rng = np.random.default_rng(1)
    data, test = mnist.train[:1200], mnist.test[:300]
    wrong = {"train": rng.choice(1200, 24, False), "test": rng.choice(300, 6, False)}
    splits = {}
    for name, split in (("train", data), ("test", test)):
        labels = split.labels.copy()
        labels[wrong[name]] = (labels[wrong[name]] + rng.integers(1, 10, len(wrong[name]))) % 10
        splits[name] = with_labels(split, labels)
    path = save(tmp_path_factory.mktemp("planted") / "planted.npz", splits)
    return path, {(name, int(i)) for name, places in wrong.items() for i in places}


@pytest.fixture(scope="module")
def completed(planted):
    return audit(planted[0], folds=5, recipe=DENSE, verbose=False)


def test_planted_errors_come_first(planted, completed):
    _, wrong = planted
    first = completed.candidates.head(60)
    listed = set(zip(first["split"], first["index"].tolist(), strict=True))
    assert len(listed & wrong) >= 20
    assert list(completed.candidates["rank"]) == list(range(1, len(completed.candidates) + 1))
    assert completed.candidates["quality"].is_monotonic_increasing


def test_a_candidate_is_what_it_says(planted, completed):
    splits = tenfold.load(planted[0], validation=0).present()
    for row in completed.candidates.itertuples():
        data = splits[row.split]
        assert row.image == data.digests[row.index]
        assert row.given == data.class_names[data.labels[row.index]]
        np.testing.assert_array_equal(completed.image(row.split, row.index), data.images[row.index])
        assert row.given_probability <= row.predicted_probability
        assert (row.given != row.predicted) or row.is_issue


def test_ranking_and_counts_are_cleanlabs(completed):
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_self_confidence_for_each_label

    labels, probabilities = completed.dataset.labels, completed.probabilities
    issues = set(np.flatnonzero(find_label_issues(labels, probabilities, n_jobs=1)))
    table = completed.candidates
    places = table["index"] + np.where(table["split"] == "test", 1200, 0)
    assert set(places[table["is_issue"]]) == issues
    np.testing.assert_allclose(
        table["quality"], get_self_confidence_for_each_label(labels, probabilities)[places]
    )


def test_the_default_recipe_learns_from_few_images_too():
    seen = [n * auditor.default_recipe(n).epochs for n in (500, 1350, 20_000, 70_000)]
    assert min(seen) >= 60_000
    assert auditor.default_recipe(70_000).epochs == 3


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"folds": 1}, "folds: 1; give"),
        ({"folds": 0}, "folds: 0; give"),
        ({"recipe": "qick"}, "did you mean 'quick'"),
        ({"recipe": 3}, "recipe: got int; give a name or a tenfold.Recipe"),
        ({"source": "mnst"}, "did you mean 'mnist'"),
    ],
)
def test_bad_input_is_refused(planted, named, message):
    arguments = {"source": planted[0], "verbose": False} | named
    with pytest.raises(InputError, match=message):
        audit(**arguments)


def test_without_cleanlab_the_error_names_the_package(planted, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip install cleanlab"):
        audit(planted[0])


# Duplicates


def brute_force(data, threshold):
    x = data.images.reshape(len(data), -1).astype(float)
    lengths = np.linalg.norm(x, axis=1)
    near = cdist(x, x) <= threshold * np.sqrt(np.outer(lengths, lengths))
    labels = connected_components(near)[1]
    groups = (np.flatnonzero(labels == label).tolist() for label in np.unique(labels))
    return [group for group in groups if len(group) > 1]


@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.3, 0.45])
def test_duplicates_equal_brute_force(mnist, threshold, monkeypatch):
    from tenfold.experiments.audits import duplicates

    monkeypatch.setattr(duplicates, "BLOCK", 100)
    monkeypatch.setattr(duplicates, "CHUNK", 50)
    rng = np.random.default_rng(0)
    images = mnist.train.images[:700].copy()
    images[600:620] = images[:20]
    noise = rng.integers(-9, 10, (20, 28, 28))
    images[620:640] = np.clip(images[20:40] + noise, 0, 255)
    images[640:643] = 0
    images[643] = 1
    data = Dataset(images, mnist.train.labels[:700], mnist.class_names)
    groups = [group.tolist() for group in find_duplicates(data, threshold)]
    expected = sorted(brute_force(data, threshold))
    assert groups == expected
    assert len(groups) >= (21 if threshold < 0.1 else 22)


def test_mnist_has_no_duplicates(mnist):
    assert find_duplicates(mnist.test[:3000]) == []


def test_the_table_of_duplicates_has_splits_and_labels(mnist):
    data = mnist.test[:40]
    images, labels = data.images.copy(), data.labels.copy()
    images[30], labels[30] = images[3], (labels[3] + 1) % 10  # across, contradicting, equal
    images[31], labels[31] = images[4], labels[4]  # across, equal
    images[6], labels[6] = np.clip(images[5].astype(int) + 2, 0, 255), labels[5]  # within, near
    pooled = Dataset(images, labels, data.class_names)
    table = tables.duplicates(pooled, {"train": 25, "test": 15})
    rows = table.drop(columns=["image", "given"]).to_numpy().tolist()
    assert rows == [
        [1, "train", 3, True, True],
        [1, "test", 5, True, True],
        [2, "train", 4, True, False],
        [2, "test", 6, True, False],
        [3, "train", 5, False, False],
        [3, "train", 6, False, False],
    ]
    assert table["image"].tolist() == pooled.digests[[3, 30, 4, 31, 5, 6]].tolist()


def test_data_without_duplicates_give_an_empty_table(few):
    table = tables.duplicates(few.train[:50], {"train": 50})
    assert len(table) == 0
    assert tables.as_csv(table) == "group,split,index,image,given,exact,contradicts\n"


# The folder and the command


@pytest.fixture(scope="module")
def folder(completed, tmp_path_factory):
    return completed.save(tmp_path_factory.mktemp("audits") / "one", limit=12)


def test_the_folder_holds_both_tables(completed, folder):
    assert sorted(path.name for path in folder.iterdir()) == [
        "candidates.csv",
        "duplicates.csv",
        "index.html",
    ]
    back = pd.read_csv(folder / "candidates.csv", dtype={"given": str, "predicted": str})
    pd.testing.assert_frame_equal(back, completed.candidates, check_dtype=False, rtol=1e-5)


def test_a_folder_in_use_is_refused(completed, folder):
    with pytest.raises(InputError, match="exists already; give a new folder as --out"):
        completed.save(folder)


def test_the_command_writes_the_folder_and_says_what_next(planted, tmp_path, tenfold_main):
    out = tmp_path / "audit"
    code, text, errors = tenfold_main(
        "audit", planted[0], "--out", out, "--folds", 3, "--recipe", "logistic", "--limit", 5
    )
    assert code == 0, errors
    assert (out / "index.html").read_text().count('<article class="item"') == 5
    assert "of 1,500 labels are doubtful" in text
    assert "duplicates  none" in text
    assert f"page        {out / 'index.html'}" in text
    assert f"tenfold train --data {planted[0]} --corrections corrections.csv" in text
    assert "epoch 5/5" in errors
    code, _, errors = tenfold_main("audit", planted[0], "--out", out)
    assert (code, errors.count("\n")) == (2, 1)
    assert "exists already" in errors


def test_a_percentage_is_never_rounded_to_certainty():
    assert [page.percent(p) for p in (0.0, 1e-9, 0.5, 1 - 1e-9, 1.0)] == [
        "0.0 %",
        "< 0.1 %",
        "50.0 %",
        "> 99.9 %",
        "100.0 %",
    ]


# The page, in a browser


@pytest.fixture(scope="module")
def tricky(mnist, tmp_path_factory):
    """An audit with names that HTML and CSV must quote, and with duplicates; its folder."""
    names = ('a "quoted"', "with, comma", "<b>&amp;")
    chosen = mnist.train[mnist.train.labels < 3][:90]
    images = chosen.images.copy()
    images[80] = images[0]
    labels = chosen.labels.copy()
    labels[80] = labels[0]
    labels[81:84] = (labels[81:84] + 1) % 3
    data = Dataset(images, labels, names, "tricky <i>")
    sizes = {"train": 70, "test": 20}
    right = np.eye(3)[chosen.labels] * 0.94 + 0.02
    table = tables.candidates(data, sizes, right.astype(np.float32))
    copies = tables.duplicates(data, sizes)
    settings = {"recipe": "quick", "epochs": 3, "folds": 10, "seed": 0}
    made = auditor.Audit(
        "tricky <i>", "here", "tenfold train", data, sizes, right, table, copies, settings, 1.0
    )
    splits = Splits("tricky", data[:70], None, data[70:], "here", 0)
    return made.save(tmp_path_factory.mktemp("audits") / "tricky"), splits


@pytest.fixture
def opened(browser, folder):
    """Open the page of an audit's folder. It must neither complain nor ask for anything else."""
    pages = []

    def go(where=folder, **named):
        pages.append(watched_page(browser.new_context(**named), (where / "index.html").as_uri()))
        return pages[-1]

    yield go
    for shown in pages:
        shown.context.close()
        assert shown.complaints == []
        assert {url.split(":")[0] for url in shown.requests} <= {"file", "data", "blob"}


def downloaded(shown, path):
    with shown.expect_download() as caught:
        shown.get_by_role("button", name="Save corrections").click()
    assert caught.value.suggested_filename == "corrections.csv"
    caught.value.save_as(path)
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@needs_browser
def test_marks_are_saved_and_applied_by_load(planted, completed, opened, tmp_path):
    shown = opened()
    items = shown.locator(".item")
    assert items.count() == 12
    items.nth(0).get_by_role("button", name="relabel").click()
    items.nth(1).get_by_role("button", name="drop").click()
    items.nth(2).get_by_role("button", name="keep").click()
    other = next(n for n in "0123456789" if n != completed.candidates["predicted"][3])
    items.nth(3).get_by_role("combobox").select_option(other)
    path = tmp_path / "corrections.csv"
    rows = downloaded(shown, path)
    assert [row["action"] for row in rows] == ["relabel", "drop", "keep", "relabel"]
    assert [row["label"] for row in rows] == [completed.candidates["predicted"][0], "", "", other]
    given = completed.candidates.head(4)
    assert [row["image"] for row in rows] == given["image"].tolist()
    assert [int(row["index"]) for row in rows] == given["index"].tolist()
    fixed = tenfold.load(planted[0], corrections=path)
    assert fixed.source.endswith("corrections.csv: 2 relabelled, 1 dropped")


@needs_browser
def test_decisions_survive_a_reload_and_can_be_taken_back(opened):
    shown = opened()
    first = shown.locator(".item").first
    first.get_by_role("button", name="drop").click()
    shown.reload()
    assert first.get_by_role("button", name="drop").get_attribute("aria-pressed") == "true"
    assert shown.locator("#count").inner_text() == "1 drop"
    first.get_by_role("button", name="drop").click()
    shown.reload()
    assert first.get_attribute("data-decision") == ""
    assert shown.locator("#count").inner_text() == "nothing marked yet"


@needs_browser
def test_it_works_where_storage_is_refused(opened, tmp_path, browser, folder):
    context = browser.new_context()
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no') } })"
    )
    shown = context.new_page()
    shown.goto((folder / "index.html").as_uri())
    shown.locator(".item").first.get_by_role("button", name="drop").click()
    assert [row["action"] for row in downloaded(shown, tmp_path / "c.csv")] == ["drop"]
    context.close()


@needs_browser
def test_the_keyboard_suffices(opened, tmp_path):
    shown = opened()
    for key in ("j", "r", "ArrowRight", "d", "j", "j", "ArrowLeft", "k", "d", "d"):
        shown.keyboard.press(key)
    decisions = [item.get_attribute("data-decision") for item in shown.locator(".item").all()]
    assert decisions == ["relabel", "drop", "", *[""] * 9]
    focused = shown.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert focused == "solid"


@needs_browser
def test_filters(completed, opened):
    shown = opened()
    top = completed.candidates.head(12)
    name = top["given"].mode()[0]
    shown.get_by_role("combobox", name="given", exact=True).select_option(name)
    assert shown.locator(".item:visible").count() == (top["given"] == name).sum()
    shown.get_by_role("combobox", name="given", exact=True).select_option("")
    shown.get_by_role("combobox", name="split", exact=True).select_option("test")
    tests = int((top["split"] == "test").sum())
    assert shown.locator(".item:visible").count() == tests
    assert shown.locator("#shown").inner_text() == f"{tests} of 12"
    shown.get_by_role("combobox", name="split", exact=True).select_option("")
    shown.locator(".item").first.get_by_role("button", name="drop").click()
    shown.get_by_role("combobox", name="decision", exact=True).select_option("drop")
    assert shown.locator(".item:visible").count() == 1
    shown.get_by_role("combobox", name="decision", exact=True).select_option("open")
    assert shown.locator(".item:visible").count() == 11


@needs_browser
def test_pages_hold_all_candidates_and_arrows_move_in_the_grid(mnist, opened, tmp_path):
    data = mnist.train[:150]
    wrong = np.roll(np.eye(10)[data.labels] * 0.8 + 0.02, 1, axis=1).astype(np.float32)
    sizes = {"train": 150}
    table, copies = tables.candidates(data, sizes, wrong), tables.duplicates(data, sizes)
    settings = {"recipe": "quick", "epochs": 3, "folds": 10, "seed": 0}
    made = auditor.Audit("all", "here", "train", data, sizes, wrong, table, copies, settings, 1.0)
    shown = opened(made.save(tmp_path / "all"), viewport={"width": 1280, "height": 800})
    items, pager = shown.locator(".item"), shown.locator(".pager span").first
    focused = "document.activeElement.getAttribute('aria-label')"
    assert (items.count(), shown.locator(".item:visible").count()) == (150, 60)
    in_first_row = shown.evaluate(
        "top => [...document.querySelectorAll('.item')].filter((item) => "
        "item.getBoundingClientRect().top === top).length",
        items.first.bounding_box()["y"],
    )
    assert in_first_row >= 4
    for key, index in (
        ("j", 0),
        ("ArrowDown", in_first_row),
        ("ArrowUp", 0),
        ("n", 60),
        ("n", 120),
    ):
        shown.keyboard.press(key)
        assert shown.evaluate(focused) == items.nth(index).get_attribute("aria-label"), key
    assert pager.inner_text() == "121 to 150 of 150"
    shown.keyboard.press("ArrowLeft")
    assert shown.evaluate(focused) == items.nth(119).get_attribute("aria-label")
    items.nth(119).get_by_role("combobox").select_option("4")
    shown.get_by_role("combobox", name="decision", exact=True).select_option("relabel")
    assert shown.locator(".item:visible").count() == 1
    assert not pager.is_visible()


@needs_browser
def test_every_image_and_control_has_a_name_and_fits_a_phone(opened, completed):
    shown = opened(viewport={"width": 360, "height": 740}, color_scheme="dark")
    for image in shown.locator(".item img").all():
        assert image.get_attribute("alt").startswith(("Image train ", "Image test "))
    unnamed = (
        "[...document.querySelectorAll('select')].filter(s => !s.ariaLabel && !s.labels.length)"
    )
    assert shown.evaluate(f"{unnamed}.length") == 0
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert shown.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 22, 26)"
    assert f"12 of {len(completed.candidates)}" in shown.locator("main").inner_text()


@needs_browser
def test_names_are_quoted_and_equal_images_are_marked_together(opened, tricky, tmp_path):
    folder, splits = tricky
    shown = opened(folder)
    assert shown.title() == "Audit of tricky <i>"
    assert "with the same label, across train and test" in shown.locator("main").inner_text()
    group = shown.locator(".group .item")
    group.first.get_by_role("button", name="drop").click()
    assert group.last.get_attribute("data-decision") == "drop"
    for item in shown.locator("main > section:first-child .item").all():
        item.get_by_role("button", name="relabel").click()
    path = tmp_path / "corrections.csv"
    rows = downloaded(shown, path)
    assert len(rows) == 4
    corrections = tenfold.data.Corrections.read(path)
    corrections.verify(splits.present().values(), "tricky")
    assert len(corrections.apply(splits.train)) == 69
    fixed = corrections.apply(splits.test)
    assert len(fixed) == 19
    assert (fixed.labels[10:13] != splits.test.labels[11:14]).all()
