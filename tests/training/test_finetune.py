"""Continuing a training: from trained weights, nothing forgotten, the gain on held-out images."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import tenfold
from tenfold import InputError
from tenfold.data.sheet_layout import cell_name
from tenfold.runs.export import export
from tenfold.runs.finetune_data.user_data import load_user_data
from tenfold.training.finetune.gains import measure_gains
from tenfold.training.finetune.preparation import finetuning_recipe
from tenfold.training.finetune.pretrained import find_pretrained
from tenfold.training.progress import Progress

RECIPE = tenfold.Recipe("small", arguments={"hidden": [48]}, epochs=6, batch_size=64)
DIGITS = tuple("0123456789")


@pytest.fixture(scope="module")
def base(few_file, tmp_path_factory):
    """A run of two networks on some digits."""
    out = tmp_path_factory.mktemp("base") / "run"
    return tenfold.train(RECIPE, few_file, seeds=2, out=out, verbose=False)


@pytest.fixture(scope="module")
def mine(mnist, tmp_path_factory):
    """A hand that writes digits mirrored, which no network of upright ones can read."""
    folder = tmp_path_factory.mktemp("own") / "mine"
    write(folder, mnist.train.images[5000:5240, :, ::-1], mnist.train.labels[5000:5240])
    return folder


def write(folder, images, labels, name="{i}"):
    for i, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = folder / str(label) / f"{name.format(i=i)}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.ascontiguousarray(image)).save(path)


@pytest.fixture(scope="module")
def continued(base, mine, tmp_path_factory):
    out = tmp_path_factory.mktemp("continued") / "run"
    return tenfold.train(RECIPE, mine, start=base, out=out, verbose=False)


def test_it_gains_on_held_out_images_and_forgets_nothing(continued, base):
    own, known = continued.record.continued["gains"]
    assert (own["kind"], known["kind"], known["n"]) == ("own", "known", 500)
    assert own["n"] == len(continued.data().validation) - 500 > 25
    assert own["difference"]["value"] > 0.2
    assert own["difference"]["low"] > 0
    assert known["difference"]["value"] > -0.04
    before = base.predict_all(continued.data().validation.images).mean(axis=0).argmax(axis=-1)
    right = (before == continued.data().validation.labels)[: own["n"]]
    assert own["before"]["value"] == pytest.approx(right.mean())


def test_the_run_is_one_like_any_other(continued, base, few, tmp_path):
    assert continued.seeds == base.seeds
    assert continued.record.continued["start"]["name"] == str(base.path)
    assert len(continued.history) == 2 * continued.recipe.epochs
    evaluation = tenfold.Run(continued.path).evaluate("test")
    assert len(evaluation.labels) == len(few.test)
    from tenfold.runs.export import export

    export(continued, tmp_path / "mine.onnx")
    artifact = tenfold.Predictor(tmp_path / "mine.onnx")(few.test.images)
    assert np.abs(artifact - continued.predict_all(few.test.images).mean(axis=0)).max() < 1e-5


def test_the_report_has_the_command_that_reproduces_it(continued, base, mine):
    from tenfold.report.provenance import commands

    lines = commands(continued, "validation")
    assert f">>> data = tenfold.load({str(mine)!r}, grey=True)" in lines
    assert lines[-2].endswith(f"data, start={str(base.path)!r})")


def test_a_stopped_one_goes_on_to_the_same_bits(continued, base, mine, tmp_path, monkeypatch):
    def stop(self, epoch, *_):
        if epoch == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Progress, "epoch", stop)
        with pytest.raises(KeyboardInterrupt, match="continue with tenfold train --resume"):
            tenfold.train(RECIPE, mine, start=base.path, out=tmp_path / "run", verbose=False)
    again = tenfold.resume(tmp_path / "run", verbose=False)
    for one, other in zip(again.models, continued.models, strict=True):
        for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
    assert again.record.continued["gains"] == continued.record.continued["gains"]


def test_images_that_changed_are_not_gone_on_with(base, mnist, tmp_path):
    write(tmp_path / "mine", mnist.train.images[:60], mnist.train.labels[:60])
    run = tenfold.train(
        RECIPE.replace(epochs=1), tmp_path / "mine", start=base, out=tmp_path / "run", verbose=False
    )
    (tmp_path / "mine" / "0" / "1.png").unlink()
    with pytest.raises(InputError, match="split of mine differs from the one that the run"):
        run.data()


def test_what_was_continued_is_continued_at_the_same_rate(base, continued, tmp_path):
    export(continued, tmp_path / "continued.onnx")
    adams = 1e-3
    assert finetuning_recipe(find_pretrained(base)).learning_rate == pytest.approx(
        adams / 6, rel=1e-2
    )
    for start in (continued, tmp_path / "continued.onnx"):
        assert finetuning_recipe(find_pretrained(start)).learning_rate == adams


def test_splits_made_in_python_are_taken_as_they_are(base, mnist, tmp_path):
    own = tenfold.Splits("own", mnist.train[:40], mnist.train[40:60], None, "made", 0)
    run = tenfold.train(
        RECIPE.replace(epochs=1), own, start=base, out=tmp_path / "run", verbose=False
    )
    part = run.record.continued["gains"][0]
    assert (part["n"], part["name"]) == (20, "own")
    assert run.data(own).validation.checksum == run.record.data.checksums["validation"]
    with pytest.raises(InputError, match="made in memory"):
        run.data()


# What is held out


def test_whole_sheets_are_held_out(mnist, tmp_path):
    sheets = "abcdefgh"
    for k, sheet in enumerate(sheets):
        part = mnist.train[40 * k : 40 * (k + 1)]
        for i, (image, label) in enumerate(zip(part.images, part.labels, strict=True)):
            path = tmp_path / "mine" / str(label) / f"{cell_name(sheet, label, i)}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)
    own = load_user_data(tmp_path / "mine", DIGITS)
    assert own.held_out_by.startswith("sheets: ")
    held = own.held_out_by.removeprefix("sheets: ").split(", ")
    assert len(held) == 2
    expected = sorted(
        image.tobytes()
        for sheet in held
        for image in mnist.train.images[40 * sheets.index(sheet) :][:40]
    )
    assert sorted(image.tobytes() for image in own.held_out.images) == expected
    assert len(own.train) == 240


def test_of_one_sheet_a_share_of_the_images_is_held_out(mnist, tmp_path):
    write(tmp_path / "mine", mnist.train.images[:100], mnist.train.labels[:100], "a_cell-1-{i}")
    own = load_user_data(tmp_path / "mine", DIGITS)
    assert own.held_out_by == "20% of the images, of the same handwriting"
    assert 8 < len(own.held_out) < 33
    assert len(own.held_out) + len(own.train) == 100


def test_of_few_images_none_is_held_out_with_a_message(base, mnist, tmp_path, tenfold_main):
    write(tmp_path / "mine", mnist.train.images[:10], mnist.train.labels[:10])
    code, out, err = tenfold_main(
        "train", "--data", tmp_path / "mine", "--from", base.path, "--epochs", 1,
        "--out", tmp_path / "run",
    )  # fmt: skip
    assert code == 0, err
    assert "nothing: 10 images are too few to hold any out" in out
    assert "could not be measured" in out
    assert "few, validation" in out


def test_what_was_held_out_stays_so_when_images_are_added(mnist, tmp_path):
    write(tmp_path / "mine", mnist.train.images[:80], mnist.train.labels[:80])
    before = load_user_data(tmp_path / "mine", DIGITS)
    write(tmp_path / "mine", mnist.train.images[80:300], mnist.train.labels[80:300], "new-{i}")
    after = load_user_data(tmp_path / "mine", DIGITS)
    assert set(before.held_out.digests) <= set(after.held_out.digests)
    assert not set(before.train.digests) & set(after.held_out.digests)


def test_one_class_is_enough_and_labels_are_the_networks(mnist, tmp_path):
    sevens = mnist.train.images[mnist.train.labels == 7][:3]
    write(tmp_path / "mine", sevens, [7, 7, 7])
    own = load_user_data(tmp_path / "mine", (*DIGITS, "no digit"))
    assert own.train.labels.tolist() == [7, 7, 7]


# The reader


def test_the_shipped_readers_weights_are_read_out_of_it(mnist):
    from tenfold.core.assets import READER
    from tenfold.engine.inference import Probabilities
    from tenfold.metrics import apply_temperature

    start = find_pretrained("reader")
    card = tenfold.Predictor(READER).card
    models, images = start.build(), mnist.validation.images[:200]
    assert len(models) == len(card["seeds"]) == len(start.seeds)
    answers = Probabilities(models[0], (28, 28))
    mean = np.mean(
        [
            apply_temperature(answers(model, images), temperature)
            for model, temperature in zip(models, card["temperatures"], strict=True)
        ],
        axis=0,
    )
    assert np.abs(mean - start.predict(images)).max() < 1e-5
    statistics = [
        np.asarray(layer.moving_mean) for layer in models[0].layers if hasattr(layer, "moving_mean")
    ]
    assert statistics
    assert all(np.abs(mean).max() > 0.01 for mean in statistics)


# Bad input


def test_a_start_whose_data_are_not_to_be_had_is_refused(base, mine, tmp_path, monkeypatch):
    memory = replace(base.record.data, origin=None)
    monkeypatch.setattr(base, "record", base.record.replace(data=memory))
    with pytest.raises(InputError, match="without its training data the network would forget"):
        tenfold.train(data=mine, start=base, out=tmp_path / "run")
    published = tenfold.Run(base.path)
    published.record = published.record.replace(protocol="published")
    with pytest.raises(InputError, match="validated on the test set, which must not be used"):
        tenfold.train(data=mine, start=published, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.fixture(scope="module")
def artifact(base, tmp_path_factory):
    from tenfold.runs.export import export

    path = tmp_path_factory.mktemp("artifact") / "base.onnx"
    export(base, path)
    return path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "{base}"], "--from: no images to fine-tune on; give --data"),
        (["--from", "nowhere", "--data", "{mine}"], "nowhere: neither 'reader' nor a run"),
        (["--from", "{mine}", "--data", "{mine}"], "not a run folder"),
        (["--from", "{few}", "--data", "{mine}"], "not an ONNX file"),
        (["--from", "{artifact}", "--data", "{mine}"], "are not a named dataset, so the network"),
        (
            ["--from", "{base}", "--data", "{letters}"],
            "class 'A' is not one of the",
        ),
        (["--from", "{base}", "--data", "{mine}", "--seeds", "3"], "seeds: 3; all pretrained"),
        (["--from", "{base}", "--data", "{mine}", "--validation", "9"], "a fifth of the data"),
        (["--from", "{base}", "--data", "{mine}", "--hidden", "64"], "layer 'dense"),
        (["--from", "{base}", "--data", "{mine}", "--hidden", "64"], "[784, 64] and [64], the"),
        (["--from", "{base}", "--data", "{base}"], "history.csv: 6 columns, no pixel columns"),
        (["--from", "{base}", "--resume", "{base}"], "--resume takes everything from the run"),
    ],
)
def test_what_cannot_be_fine_tuned_is_refused_in_one_line(
    arguments, message, base, mine, few_file, artifact, tmp_path, tenfold_main
):
    (tmp_path / "letters" / "A").mkdir(parents=True)
    Image.new("L", (28, 28)).save(tmp_path / "letters" / "A" / "1.png")
    places = {
        "base": base.path,
        "mine": mine,
        "few": few_file,
        "artifact": artifact,
        "letters": tmp_path / "letters",
    }
    given = [text.format(**places) for text in arguments]
    out = [] if "--resume" in given else ["--out", tmp_path / "run"]
    code, _, err = tenfold_main("train", *given, *out)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_damaged_predictions_of_the_start_are_refused(continued, tmp_path):
    with pytest.raises(InputError, match="missing or damaged; train again"):
        measure_gains(tmp_path, [], np.zeros(0, np.int64), np.zeros((0, 10), np.float32))
    record = json.loads((continued.path / "run.json").read_text())
    assert record["continued"]["held_out"] == "20% of the images, of the same handwriting"
