"""The content of a report: metrics, protocol, galleries, layers, commands."""

import dataclasses
import json
import shutil

import numpy as np

import tenfold
from tenfold import report
from tenfold.networks.recipes import recipe
from tenfold.report.gallery import gallery
from tenfold.report.layers import first_weights, layers
from tenfold.report.provenance import commands


def test_headline_and_scores_are_those_of_the_evaluation(run, path):
    evaluation, _ = run.saved_evaluation()
    accuracy = evaluation.over_seeds()["accuracy"]
    text = path.read_text()
    assert f'<span class="figure">{100 * accuracy.mean:.2f} %</span>' in text
    assert f"± {100 * accuracy.sd:.2f} over 2 seeds" in text
    for score in evaluation.log_loss:
        assert f"{score.value:.4f}" in text
    recall = evaluation.per_class()["digit 5"].recall
    assert f"{100 * recall.low:.1f} to {100 * recall.high:.1f}" in text


def test_a_sealed_test_set_and_an_opened_one_are_described(conv, path, tmp_path):
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
    evaluation, examples = run.saved_evaluation()
    content = gallery(evaluation, examples)
    mistakes, hits = ([one["index"] for one in content[name]] for name in ("mistakes", "hits"))
    assert mistakes == evaluation.mistakes()[:40].tolist()
    assert hits == evaluation.least_confident_correct()[:40].tolist()
    assert all(image["top"][0][0] != image["true"] for image in content["mistakes"])
    assert all(image["top"][0][0] == image["true"] for image in content["hits"])
    matrix = evaluation.confusion_matrix()
    for cell, indices in content["data"]["cells"].items():
        true, predicted = map(int, cell.split("-"))
        assert len(indices) == min(8, matrix[true, predicted])
        assert (evaluation.labels[indices] == true).all()


def test_layers_and_parameters_are_those_of_keras(conv, run):
    for one in (conv, run):
        counts = {layer.name: layer.count_params() for layer in one.model.layers}
        parameters = {
            layer.name: layer.parameters for layer in layers(one) if layer.kind != "InputLayer"
        }
        assert parameters == counts


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

    origin = Origin(source="mnist", validation=5000, seed=0)
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
