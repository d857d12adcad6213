"""The file of a report: self-contained, reproducible, complete, and its command."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tenfold import InputError, report
from tenfold.runs.layout import HISTORY

SCRIPT = "<script>alert(1)</script>"


def test_the_report_stands_in_the_run_by_default(conv):
    assert report.write(conv.path) == conv.path / "report.html"
    assert (conv.path / "report.html").read_text().startswith("<!doctype html>")


def test_the_same_folder_gives_the_same_bytes(run, path, tmp_path):
    assert report.write(run, tmp_path / "again.html").read_bytes() == path.read_bytes()


def test_the_file_is_small_and_refers_to_no_other_file(path):
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
    ("spoil", "message"),
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
def test_what_cannot_be_shown_is_refused_in_one_line(conv, tmp_path, spoil, message):
    folder = shutil.copytree(conv.path, tmp_path / "copy")
    spoil(folder, tmp_path)
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        report.write(folder, tmp_path / "r.html")
    assert "\n" not in str(caught.value)


def test_the_templates_are_in_the_package():
    folder = Path(report.__file__).parent / "templates"
    settings = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert {"page.html", "style.css", "script.js"} <= {file.name for file in folder.iterdir()}
    assert '"report/templates/*"' in settings
