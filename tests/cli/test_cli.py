"""What the commands print; those that train are in test_train.py."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tenfold
from tenfold.data.corruptions import CORRUPTIONS, corrupt
from tenfold.experiments import robustness

SMALL = ["--hidden", "8", "--epochs", "2"]


# What each command prints


def test_evaluate_prints_figures_and_counts_its_openings(copy, tenfold_main):
    code, out, _ = tenfold_main("evaluate", copy)
    assert code == 0
    figure = r" +[\d.]+( %)? \([\d.]+ to [\d.]+\)"
    assert re.search(r"^accuracy +[\d.]+ % \([\d.]+ to [\d.]+\) of 310 test images$", out, re.M)
    for name in ("log loss", "Brier score", "calibration error", "risk-coverage area"):
        assert re.search(f"^{name}{figure}$", out, re.M), name
    assert re.search(rf"^ +before temperature [\d.]+:{figure}$", out, re.M)
    rows = re.findall(r"^(\d) .* % +(\d+)$", out, re.M)
    assert [row[0] for row in rows] == list("0123456789")
    assert sum(int(row[1]) for row in rows) == 310
    assert out.endswith("the test set was opened once for this run\n")
    assert "opened 2 times" in tenfold_main("evaluate", copy)[1]
    assert "opened" not in tenfold_main("evaluate", copy, "--split", "validation")[1]


def test_evaluate_of_several_seeds_shows_each_and_the_mean(few_file, tenfold_main):
    tenfold_main("train", *SMALL, "--seeds", "3", "--data", few_file, "--out", "run")
    _, out, _ = tenfold_main("evaluate", "run")
    assert re.search(r"^accuracy +[\d.]+ ± [\d.]+ % \(.*\) of 310 test images,", out, re.M)
    row = r"^[012] +[\d.]+ % \(.* to .*\) +[\d.]+ \(.* to .*\) +- +-$"
    assert len(re.findall(row, out, re.M)) == 3
    assert all(len(line) <= 80 for line in out.splitlines())


def test_evaluate_prints_json_that_is_json(copy, tenfold_main):
    code, out, _ = tenfold_main("evaluate", copy, "--json")
    figures = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert code == 0
    assert figures["split"] == "test"
    assert figures["accuracy"][0]["n"] == 310
    assert figures["accuracy"][0]["low"] < figures["accuracy"][0]["value"]
    assert sum(row["n"] for row in figures["per_class"][0].values()) == 310
    assert {"brier_score", "calibration_error", "area_under_risk_coverage"} <= set(figures)
    assert {"coverage", "size"} == set(figures["conformal"][0])


def test_answers_are_kept_and_the_second_evaluation_asks_no_network(copy, tenfold_main):
    first = tenfold_main("evaluate", copy)[1]
    shutil.rmtree(copy / "models")
    assert tenfold_main("evaluate", copy)[1] == first.replace("opened once", "opened 2 times")


def test_evaluate_with_corrections_scores_with_and_without(copy, few, few_file, tenfold_main):
    run = tenfold.Run(copy)
    result = run.evaluate("test")
    wrong, kept = result.mistakes()[:3], 300
    digests, names = few.test.digests, few.class_names
    rows = ["image,split,index,given,action,label"]
    for place in wrong:
        given, predicted = names[few.test.labels[place]], names[result.predicted()[place]]
        rows.append(f"{digests[place]},test,{place},{given},relabel,{predicted}")
    right = np.flatnonzero(result.predicted() == few.test.labels)[: 310 - kept]
    rows += [f"{digests[i]},test,{i},{names[few.test.labels[i]]},drop," for i in right]
    Path("corrections.csv").write_text("\n".join(rows) + "\n")
    code, out, error = tenfold_main("evaluate", copy, "--corrections", "corrections.csv", "--json")
    assert code == 0, error
    scores = json.loads(out)["corrections"]
    hits = round(result.accuracy[0].value * 310)
    assert scores["given"]["accuracy"][0]["value"] == pytest.approx(hits / 310)
    assert scores["corrected"]["n"] == kept
    corrected = (hits + len(wrong) - (310 - kept)) / kept
    assert scores["corrected"]["accuracy"][0]["value"] == pytest.approx(corrected)
    text = tenfold_main("evaluate", copy, "--corrections", "corrections.csv")[1]
    assert re.search(r"^original   .* of 310 test images\ncorrected  .* of 300", text, re.M)


def test_a_run_trained_on_corrected_labels_is_scored_with_and_without(few, few_file, tenfold_main):
    digest, name = few.test.digests[0], few.class_names[few.test.labels[0]]
    row = f"{digest},test,0,{name},drop,"
    Path("corrections.csv").write_text(f"image,split,index,given,action,label\n{row}\n")
    options = ("--data", few_file, "--corrections", "corrections.csv", "--out", "run")
    assert tenfold_main("train", *SMALL, *options)[0] == 0
    figures = json.loads(tenfold_main("evaluate", "run", "--json")[1])
    assert (figures["n"], figures["corrections"]["corrected"]["n"]) == (309, 309)
    assert figures["corrections"]["given"]["n"] == 310
    assert figures["corrections"]["corrected"]["accuracy"] == figures["accuracy"]


def test_evaluate_reports_the_auroc_against_unknown_images(copy, few, tenfold_main):
    images = np.random.default_rng(0).integers(0, 256, (40, 28, 28), np.uint8)
    arrays = {"x_train": images, "y_train": np.arange(40) % 2}
    np.savez("noise.npz", **arrays, x_test=images, y_test=np.arange(40) % 2)
    figures = json.loads(tenfold_main("evaluate", copy, "--unknown", "noise.npz", "--json")[1])
    score = figures["unknown"]["auroc"][0]
    assert 0 <= score["low"] <= score["value"] <= score["high"] <= 1
    assert score["n"] == 310 + 40
    text = tenfold_main("evaluate", copy, "--unknown", "noise.npz")[1]
    assert re.search(r"^AUROC against noise.npz: [\d.]+ \(.*\) of 350 images$", text, re.M)


def test_evaluate_measures_corruptions_of_runs_and_model_files(
    copy, few, few_file, tenfold_main, monkeypatch
):
    kinds = {name: CORRUPTIONS[name] for name in ("scale", "stripe")}
    monkeypatch.setattr(robustness, "CORRUPTIONS", kinds)
    options = ("--corruptions", "--json")
    figures = json.loads(tenfold_main("evaluate", copy, *options)[1])["corruptions"]
    run = tenfold.Run(copy)
    stripes = corrupt(few.test.images, "stripe")
    correct = (run.predict_all(stripes).argmax(axis=-1) == few.test.labels).mean(axis=1)
    found = [score["value"] for score in figures["kinds"]["stripe"]]
    assert found == pytest.approx(correct.tolist())
    both = [[score["value"] for score in figures["kinds"][kind]] for kind in kinds]
    means = [score["value"] for score in figures["mean"]]
    assert means == pytest.approx(np.mean(both, axis=0).tolist())
    run.export("model.onnx", network=0)
    others = ("--data", few_file, "--ood", "drawn-letters")
    of_file = json.loads(tenfold_main("evaluate", "model.onnx", *others, *options)[1])
    assert of_file["corruptions"]["kinds"]["stripe"][0]["value"] == pytest.approx(correct[0])
    assert of_file["unknown"]["auroc"][0]["n"] == 310 + 2000
    text = tenfold_main("evaluate", "model.onnx", *others, "--corruptions")[1]
    assert re.search(r"^none +\d\d\.\d\d % \(.*\nscale .*\nstripe .*\nmean of 2 ", text, re.M)


def test_compare_prints_both_and_a_verdict(copy, few_file, tenfold_main):
    tenfold_main("train", *SMALL, "--epochs", "1", "--data", few_file, "--out", "short")
    code, out, _ = tenfold_main("compare", copy, "short")
    lines = out.splitlines()
    assert code == 0
    assert lines[0].split() == ["run", "accuracy", "log", "loss"]
    assert [line.split()[0] for line in lines[1:3]] == [str(copy), "short"]
    assert "correct only in the first: " in lines[3]
    assert "500 validation images" in " ".join(lines[4:])
    assert tenfold.Run("short").test_openings() == []
    figures = json.loads(tenfold_main("compare", copy, "short", "--split", "test", "--json")[1])
    assert figures["split"] == "test"
    assert tenfold.Run("short").test_openings()[0]["by"] == "compare"


def test_confusion_is_a_table_or_a_picture(copy, tenfold_main):
    code, out, _ = tenfold_main("confusion", copy)
    head, _, names, *rows = out.splitlines()
    assert code == 0
    assert head.endswith(
        "of 500 validation images wrong; rows: true class, columns: predicted class"
    )
    assert names.split() == list("0123456789")
    counts = np.array([[int(cell.replace(".", "0")) for cell in row.split()[1:]] for row in rows])
    expected = tenfold.Run(copy).evaluate("validation").confusion_matrix()
    np.testing.assert_array_equal(counts, expected)
    assert tenfold_main("confusion", copy, "--out", "confusion.png")[1] == "confusion.png\n"
    assert Image.open("confusion.png").width > 500


def test_mistakes_are_a_table_or_a_picture(copy, few, tenfold_main):
    tenfold_main("evaluate", copy)
    code, out, _ = tenfold_main("mistakes", copy, "--count", "4")
    result = tenfold.Run(copy).saved_evaluation()[0]
    assert code == 0
    assert f"{len(result.mistakes())} of 310 test images wrong, the 4 most confident" in out
    rows = [line.split() for line in out.splitlines()[3:]]
    assert [int(row[0]) for row in rows] == result.mistakes()[:4].tolist()
    assert [row[1] for row in rows] == [few.class_names[few.test.labels[int(r[0])]] for r in rows]
    assert tenfold_main("mistakes", copy, "--out", "mistakes.svg")[1] == "mistakes.svg\n"
    assert Path("mistakes.svg").read_text().count("label ") >= 4


def test_calibrate_chooses_another_threshold_and_predict_keeps_to_it(copy, few, tenfold_main):
    code, out, _ = tenfold_main("calibrate", copy, "--error-rate", "0.2")
    assert code == 0
    threshold = tenfold.Run(copy).calibrations[0].threshold
    assert out.splitlines()[1].split()[0] == "0"
    assert f"{100 * threshold.value:.2f} %" in out
    np.save("digits.npy", few.test.images)
    lines = tenfold_main("predict", copy, "digits.npy")[1].splitlines()
    highest = tenfold.Run(copy).predict(few.test.images).max(axis=1)
    refused = ["I don't know" in line for line in lines]
    assert refused == (highest < threshold.value).tolist()
    assert 0 < sum(refused) < 310


def digits(few, count=3):
    return few.test[:count]


def test_predict_takes_what_export_wrote(copy, few, tenfold_main):
    np.save("digits.npy", few.test.images[:20])
    code, out, _ = tenfold_main("export", copy, "-o", "digits.onnx")
    assert code == 0
    assert "1,000 images: probabilities of ONNX Runtime and Keras differ by" in out
    expected = tenfold_main("predict", copy, "digits.npy", "--top", "2")
    assert tenfold_main("predict", "digits.onnx", "digits.npy", "--top", "2") == expected


def test_predict_names_the_classes_of_pictures(run, few, tenfold_main):
    for i, image in enumerate(digits(few).images):
        Image.fromarray(image).save(f"{i}.png")
    code, out, error = tenfold_main("predict", run.path, "0.png", "1.png", "2.png", "--top", "3")
    assert (code, error) == (0, "")
    expected = run.top(digits(few).images, 3)
    for i, line in enumerate(out.splitlines()):
        name, *rest = line.split("  ")
        assert name == f"{i}.png"
        assert [part.split()[0] for part in rest] == [label for label, _ in expected[i]]
        assert rest[0].split()[1] == f"{100 * expected[i][0][1]:.1f}"


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_predict_reads_arrays_one_line_an_image(run, few, tenfold_main, suffix):
    images = digits(few).images
    if suffix == ".npy":
        np.save("images.npy", images)
    else:
        np.savez("images.npz", images=images, labels=digits(few).labels)
    code, out, error = tenfold_main("predict", run.path, f"images{suffix}")
    assert (code, error) == (0, "")
    lines = out.splitlines()
    assert [line.split()[0] for line in lines] == [f"images{suffix}[{i}]" for i in range(3)]
    assert [line.split()[1] for line in lines] == [run.top(i, 1)[0][0][0] for i in images]


def test_predict_writes_the_answers_to_a_table_of_a_competition(run, few, tenfold_main):
    pixels = [f"pixel{i}" for i in range(784)]
    rows = few.test.images[:5].reshape(5, -1).tolist()
    lines = [",".join(map(str, row)) for row in [pixels, *rows]]
    Path("test.csv").write_text("\n".join(lines) + "\n")
    code, out, error = tenfold_main("predict", run.path, "test.csv", "-o", "submission.csv")
    assert (code, out, error) == (0, "submission.csv  5 predictions\n", "")
    labels = [ranked[0][0] for ranked in run.top(few.test.images[:5], 1)]
    expected = ["ImageId,Label", *(f"{i},{label}" for i, label in enumerate(labels, 1))]
    assert Path("submission.csv").read_text().splitlines() == expected
    found = json.loads(tenfold_main("predict", run.path, "test.csv", "--json")[1])
    assert [one["label"] for one in found] == labels
    assert set(found[0]) == {"image", "label", "confidence", "accepted", "top"}
    rows = tenfold_main("predict", run.path, "test.csv", "--csv")[1].splitlines()
    assert rows[0] == "image,label,confidence,accepted"
    assert rows[1].startswith(f"test.csv[0],{labels[0]},")


def test_predict_reports_dark_ink_on_light_paper(run, few, tenfold_main):
    image = digits(few, 1).images[0]
    Image.fromarray(image).resize((56, 56)).save("big.png")
    Image.fromarray(255 - image).save("paper.png")
    code, _, error = tenfold_main("predict", run.path, "paper.png")
    assert code == 0
    assert error.count("\n") == 1
    assert "--invert" in error
    code, inverted, error = tenfold_main("predict", run.path, "paper.png", "--invert")
    assert (code, error) == (0, "")
    assert inverted.split()[1] == run.top(image, 1)[0][0][0]
    assert "28x28" in tenfold_main("predict", run.path, "big.png")[2]
    assert tenfold_main("predict", run.path, "big.png", "--resize")[0] == 0
    assert (
        "leave out --invert"
        in tenfold_main("predict", run.path, "paper.png", "big.png", "--invert", "--resize")[2]
    )


def test_data_list_names_each_dataset_with_its_licence(tenfold_main):
    _, out, _ = tenfold_main("data", "list")
    assert re.search(r"^mnist +60,000 +10,000 +10 +CC BY-SA 3.0$", out, re.M)
    assert max(map(len, out.splitlines())) <= 80


def test_data_show_describes_and_draws(few_file, few, tenfold_main, folder):
    _, out, _ = tenfold_main("data", "show", few_file, "--rows", "2", "--out", "gallery.png")
    assert "uint8 [640, 28, 28], values 0 to 255" in out
    first = " ".join(str(label) for label in few.train.labels[:10])
    assert f"the first: {first}" in out
    assert out.splitlines()[-1] == "gallery  gallery.png"
    assert Image.open("gallery.png").width > 500
    tenfold_main("data", "show", few_file, "--split", "test")
    assert (folder / "few-test.png").exists()


def test_data_check_reports_as_text_and_as_json(few_file, tenfold_main):
    _, out, _ = tenfold_main("data", "check", few_file)
    assert out.splitlines()[-1] == "usable"
    assert "light ink on dark" in out
    report = json.loads(tenfold_main("data", "check", few_file, "--json")[1])
    assert report["splits"]["train"]["images"] == 640


def test_data_check_of_what_cannot_be_used_ends_with_2(tmp_path, tenfold_main):
    (tmp_path / "3").mkdir()
    (tmp_path / "3" / "notes.txt").write_text("no image")
    for options in ([], ["--json"]):
        code, out, error = tenfold_main("data", "check", tmp_path, *options)
        assert (code, error) == (2, "")
        assert "holds no images" in out
        assert "usable" in out


def test_doctor_passes_here(tenfold_main):
    code, out, _ = tenfold_main("doctor")
    assert code == 0
    assert [line[:4] for line in out.splitlines() if line[0] != " "] == ["ok  "] * 7
    assert max(map(len, out.splitlines())) <= 80


def test_doctor_fails_where_the_cache_cannot_be_written(tenfold_main, folder, monkeypatch):
    (folder / "file").write_text("")
    monkeypatch.setenv("TENFOLD_CACHE", str(folder / "file"))
    code, out, _ = tenfold_main("doctor")
    assert code == 1
    assert "FAIL  cache" in out


@pytest.mark.parametrize("command", [[], ["data"]])
def test_without_a_command_the_help_is_shown(command, tenfold_main):
    code, out, error = tenfold_main(*command)
    assert (code, error) == (0, "")
    assert out.startswith("Usage: ")


def test_the_version_is_printed(tenfold_main):
    assert tenfold_main("--version")[1] == f"tenfold {tenfold.__version__}\n"


def test_every_command_and_option_is_explained(tenfold_main):
    commands = [[], ["train"], ["evaluate"], ["predict"], ["summary"], ["recipes"], ["reproduce"]]
    commands += [["compare"], ["confusion"], ["mistakes"], ["calibrate"], ["report"]]
    commands += [["export"], ["read"], ["study"]]
    commands += [["export"]]
    commands += [
        ["audit"],
        ["doctor"],
        ["data"],
        ["data", "list"],
        ["data", "show"],
        ["data", "check"],
    ]
    for command in commands:
        code, out, _ = tenfold_main(*command, "--help")
        assert code == 0
        assert not re.search(r"[a-z,]\.\.\.", out), f"cut short: {out}"
        for line in out.splitlines():
            assert not re.fullmatch(r"\s+--[a-z-]+( <\w+>)?\s*", line), f"no help: {line}"
