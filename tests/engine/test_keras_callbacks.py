"""The callbacks of Keras do in ``tenfold.fit`` what they do in ``keras.Model.fit``."""

import csv

import keras
import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import tenfold

CALLBACKS = keras.callbacks


def data():
    x = np.random.default_rng(0).random((128, 8, 8)).astype("float32")
    return x, (x.mean(axis=(1, 2)) * 40).astype(int) % 3


def train(with_tenfold, callbacks, **options):
    keras.utils.set_random_seed(0)
    layers = [keras.Input((8, 8)), keras.layers.Flatten(), keras.layers.Dense(3, "softmax")]
    model = keras.Sequential(layers, name="net")
    optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = data()
    options |= {"batch_size": 32, "shuffle": False, "verbose": 0}
    fit = (lambda *a, **o: tenfold.fit(model, *a, **o)) if with_tenfold else model.fit
    history = fit(x, y, validation_data=(x[:64], y[:64]), callbacks=callbacks, **options)
    return model, history


def by_epoch(folder, seen):
    return [
        CALLBACKS.ModelCheckpoint(folder / "{epoch}-{val_loss:.2f}.keras", save_best_only=True),
        CALLBACKS.ModelCheckpoint(folder / "last.weights.h5", save_weights_only=True),
        CALLBACKS.CSVLogger(folder / "log.csv"),
        CALLBACKS.LearningRateScheduler(lambda epoch, rate: rate * 0.7),
        CALLBACKS.ReduceLROnPlateau(monitor="loss", min_delta=1, patience=1),
        CALLBACKS.BackupAndRestore(folder / "backup", delete_checkpoint=False),
        CALLBACKS.TerminateOnNaN(),
        CALLBACKS.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(sorted(logs))),
        CALLBACKS.EarlyStopping(monitor="loss", min_delta=1, patience=3, restore_best_weights=True),
    ]


def by_step(folder, seen):
    return [
        CALLBACKS.ModelCheckpoint(str(folder / "{batch}.keras"), save_freq=3),
        CALLBACKS.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch)),
        CALLBACKS.EarlyStopping(monitor="val_loss", min_delta=1, patience=1),
    ]


@pytest.mark.parametrize("make", [by_epoch, by_step])
def test_callbacks_act_as_in_keras(make, tmp_path):
    results = []
    for name in ("keras", "tenfold"):
        folder, seen = tmp_path / name, []
        folder.mkdir()
        model, history = train(name == "tenfold", make(folder, seen), epochs=6)
        files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*"))
        logs = [*csv.reader((folder / "log.csv").open())] if make is by_epoch else []
        results.append((model, history, files, seen, logs))
    ours, theirs = results[1], results[0]
    assert len(ours[1].epoch) < 6
    assert ours[1].epoch == theirs[1].epoch
    assert ours[1].history.keys() == theirs[1].history.keys()
    for name, values in theirs[1].history.items():
        assert np.allclose(ours[1].history[name], values, atol=1e-5), name
    for one, other in zip(ours[0].get_weights(), theirs[0].get_weights(), strict=True):
        assert np.allclose(one, other, atol=1e-5)
    assert ours[2] == theirs[2]
    assert ours[3] == theirs[3]
    for row, expected in zip(ours[4][1:], theirs[4][1:], strict=True):
        assert np.allclose([float(v) for v in row], [float(v) for v in expected], atol=1e-5)


def test_an_interrupted_training_goes_on_at_its_epoch(tmp_path):
    results = []
    for with_tenfold in (False, True):
        backup = CALLBACKS.BackupAndRestore(tmp_path / str(with_tenfold), delete_checkpoint=False)
        train(with_tenfold, backup, epochs=2)
        results.append(train(with_tenfold, backup, epochs=3))
    (expected, theirs), (model, ours) = results
    assert ours.epoch == theirs.epoch == [2]
    assert np.allclose(ours.history["loss"], theirs.history["loss"], atol=1e-5)
    for one, other in zip(model.get_weights(), expected.get_weights(), strict=True):
        assert np.allclose(one, other, atol=1e-5)


def test_a_nan_terminates_the_training():
    model, _ = train(True, CALLBACKS.TerminateOnNaN(), epochs=1)
    model.set_weights([weight * np.nan for weight in model.get_weights()])
    x, y = data()
    stopped = tenfold.fit(model, x, y, epochs=3, callbacks=CALLBACKS.TerminateOnNaN(), verbose=0)
    assert len(stopped.epoch) == 1


def test_tensorboard_is_written_without_tensorflow(tmp_path):
    callback = CALLBACKS.TensorBoard(
        tmp_path, histogram_freq=1, write_images=True, update_freq=2, write_steps_per_second=True
    )
    model, history = train(True, callback, epochs=2)  # singly, not in a list
    for split, prefix in (("train", ""), ("validation", "val_")):
        events = EventAccumulator(str(tmp_path / split))
        events.Reload()
        for name in ("loss", "accuracy"):
            scalars = events.Scalars(f"epoch_{name}")
            assert [event.step for event in scalars] == [0, 1]
            expected = history.history[f"{prefix}{name}"]
            assert np.allclose([event.value for event in scalars], expected)
        if split == "train":
            assert [event.step for event in events.Scalars("batch_loss")] == [2, 4, 6, 8]
            assert events.Scalars("epoch_learning_rate")[0].value == np.float32(0.05)
            assert any("kernel" in tag for tag in events.Tags()["images"])
            (kernel,) = [tag for tag in events.Tags()["histograms"] if "kernel" in tag]
            histogram = events.Histograms(kernel)[-1].histogram_value
            assert histogram.num == 192
            assert histogram.max == pytest.approx(model.get_weights()[0].max())
            assert "keras" in events.Tags()["tensors"]
