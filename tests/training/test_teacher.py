"""Distillation: its loss by the formula, and runs that are taught by a committee."""

import keras
import numpy as np
import pytest
from scipy.special import log_softmax, softmax

import tenfold
from tenfold import InputError
from tenfold.core.errors import TenfoldWarning
from tenfold.engine.cross_validation import cross_validate
from tenfold.engine.distillation import Distillation, distillation_accuracy
from tenfold.networks.recipes import customize

RECIPE = customize("logistic", {"epochs": "2"})


@pytest.fixture(scope="module")
def committee(few, tmp_path_factory):
    out = tmp_path_factory.mktemp("teacher") / "committee"
    return tenfold.train(customize("dense-47", {"epochs": "2"}), few, seeds=2, out=out)


def taught(few, out, teacher, **changes):
    return tenfold.train(RECIPE, few, out=out, teacher=str(teacher), verbose=False, **changes)


@pytest.mark.parametrize("logits", [False, True])
@pytest.mark.parametrize("sparse", [False, True])
def test_the_loss_is_that_of_hintons_paper(sparse, logits):
    generator = np.random.default_rng(0)
    z, v = generator.normal(0, 2, (2, 9, 5)).astype(np.float32)
    labels = generator.integers(0, 5, 9)
    chosen = customize("logistic", {"teacher_weight": "0.3", "teacher_temperature": "4"})
    name = "sparse_categorical_crossentropy" if sparse else "categorical_crossentropy"
    kind = keras.losses.SparseCategoricalCrossentropy if sparse else None
    base = (kind or keras.losses.CategoricalCrossentropy)(from_logits=logits)
    base = base if logits else keras.losses.get(name)
    hard = labels[:, None] if sparse else np.eye(5)[labels]
    targets = np.concatenate([hard, softmax(v / 4, axis=1)], axis=1).astype(np.float32)
    outputs = z if logits else softmax(z, axis=1)
    loss = Distillation(base, chosen, 5, logits)
    of_labels = -log_softmax(z, axis=1)[np.arange(9), labels].mean()
    of_teacher = -(softmax(v / 4, axis=1) * log_softmax(z / 4, axis=1)).sum(axis=1).mean()
    expected = 0.7 * of_labels + 0.3 * 16 * of_teacher
    assert float(loss(targets, outputs)) == pytest.approx(expected, rel=1e-5)
    assert float(loss(hard[:, 0] if sparse else hard, outputs)) == pytest.approx(
        of_labels, rel=1e-5
    )
    metric = distillation_accuracy(5)
    for one in (targets, hard, hard[:, 0] if sparse else hard):
        metric.reset_state()
        metric.update_state(one, outputs)
        assert float(metric.result()) == pytest.approx((z.argmax(axis=1) == labels).mean())


def test_a_student_learns_the_committees_probabilities(few, committee, tmp_path):
    student = taught(few, tmp_path / "run", committee.path, teacher_weight=1.0)
    of_labels = tenfold.train(RECIPE, few, out=tmp_path / "other", verbose=False)
    mean = committee.predict_all(few.train.images).mean(axis=0)

    def distance(run):
        network = run.keras_networks()[0](few.train.images)
        return -(mean * np.log(np.maximum(network, 1e-9))).sum(axis=1).mean()

    assert distance(student) < distance(of_labels)
    assert student.recipe.teacher == str(committee.path)
    assert not (student.path / "soft-targets.npy").exists()
    assert len(student.calibrations) == 1
    alone = keras.models.load_model(student.path / "models" / "seed-0.keras", safe_mode=True)
    np.testing.assert_array_equal(alone.get_weights()[0], student.model.get_weights()[0])
    assert "distillation" not in str(alone.loss)


def test_without_weight_the_teacher_changes_nothing(few, committee, tmp_path):
    student = taught(few, tmp_path / "run", committee.path, teacher_weight=0.0)
    plain = tenfold.train(RECIPE, few, out=tmp_path / "other", verbose=False)
    for ours, theirs in zip(student.model.weights, plain.model.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
    columns = ["loss", "accuracy", "val_loss", "val_accuracy"]
    np.testing.assert_allclose(student.history[columns], plain.history[columns], atol=1e-5)


def test_a_stopped_run_resumes_without_its_teacher(few, committee, tmp_path, monkeypatch):
    model_file = tmp_path / "teacher.onnx"
    committee.export(model_file)
    whole = taught(few, tmp_path / "whole", model_file)

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("tenfold.training.trainer.finish", stop)
    with pytest.raises(KeyboardInterrupt):
        taught(few, tmp_path / "run", model_file)
    monkeypatch.undo()
    model_file.unlink()
    resumed = tenfold.training.resume(tmp_path / "run", few, verbose=False)
    np.testing.assert_array_equal(resumed.model.get_weights()[0], whole.model.get_weights()[0])


def test_teachers_that_do_not_fit_are_refused(few, committee, tmp_path):
    out = tmp_path / "run"
    with pytest.raises(InputError, match=r"nowhere\.onnx: no such file"):
        taught(few, out, "nowhere.onnx")
    others = tenfold.Dataset(few.train.images, few.train.labels, tuple("abcdefghij"), "letters")
    letters = tenfold.Splits("letters", others, None, None, "here", 0)
    with pytest.raises(InputError, match=r"has the classes 0, 1, .* a teacher of the same classes"):
        taught(letters, out, committee.path)
    with pytest.raises(InputError, match="teacher: not supported by fine-tuning"):
        tenfold.train(RECIPE, few, start=committee.path, teacher=str(committee.path), out=out)
    with pytest.raises(InputError, match="teacher: not supported here"):
        cross_validate(RECIPE.replace(teacher="x"), few.train, 2)
    binary = keras.Sequential([keras.Input((784,)), keras.layers.Dense(1, "sigmoid")])
    binary.compile("adam", "binary_crossentropy")
    two = few.train[few.train.labels < 2]
    pair = tenfold.Dataset(two.images, two.labels, ("0", "1"), "two")
    with pytest.raises(InputError, match="teacher: "):
        tenfold.train(binary, (pair.images, pair.labels), teacher=str(committee.path), out=out)
    assert not out.exists()


def test_a_teacher_of_other_images_is_a_warning(few, committee, tmp_path):
    fewer = tenfold.Splits("fewer", few.train[:320], few.validation, None, "here", 0)
    with pytest.warns(TenfoldWarning, match="perhaps on the validation images of this run"):
        taught(fewer, tmp_path / "run", committee.path)


@pytest.mark.parametrize("options", [{"teacher_weight": 0.3}, {"teacher_temperature": 3.0}])
def test_weights_of_no_teacher_are_refused(few, tmp_path, options):
    with pytest.raises(InputError, match="there is no teacher"):
        tenfold.train("logistic", few, out=tmp_path / "run", verbose=False, **options)
    assert not (tmp_path / "run").exists()
