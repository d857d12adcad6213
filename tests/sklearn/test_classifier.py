"""The estimator by scikit-learn's own checks, and with its tools on scikit-learn's digits."""

import pickle
import subprocess
import sys
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits, load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import tenfold
from tenfold.sklearn import NetworkClassifier
from tenfold.sklearn.shared import shared

EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": (
        "steps see batches: an image twice is in two batches, one of weight 2 in one"
    )
}

SMALL = {"hidden": [], "learning_rate": 0.03, "epochs": 20, "random_state": 0}
"""Softmax regression: the fewest layers to compile."""

WORDS = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])


@parametrize_with_checks(
    [NetworkClassifier(**SMALL)], expected_failed_checks=lambda estimator: EXPECTED_FAILURES
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def digits():
    return load_digits(return_X_y=True)


def test_folds_and_learning_rates_share_one_program(digits):
    X, y = digits[0][:600], digits[1][:600]
    shared.cache_clear()
    scores = cross_val_score(NetworkClassifier(**SMALL), X, y, cv=5)
    assert scores.mean() > 0.88
    grid = {"learning_rate": [1e-4, 0.03], "epochs": np.array([1, 20])}
    search = GridSearchCV(NetworkClassifier(**SMALL), grid, cv=2).fit(X, y)
    assert search.best_params_["learning_rate"] == 0.03
    results = pd.DataFrame(search.cv_results_)
    worst = results.loc[results["mean_test_score"].idxmin(), "params"]
    assert worst == {"learning_rate": 1e-4, "epochs": 1}
    assert shared.cache_info().misses == 1


def test_a_pickle_predicts_the_same_in_another_process(digits, tmp_path):
    X, y = digits[0][:300], WORDS[digits[1][:300]]
    classifier = NetworkClassifier(**SMALL).fit(X, y)
    (tmp_path / "classifier.pkl").write_bytes(pickle.dumps(classifier))
    np.save(tmp_path / "x.npy", X[:9])
    code = (
        "import pickle, numpy as np\n"
        "classifier = pickle.load(open('classifier.pkl', 'rb'))\n"
        "x = np.load('x.npy'); np.save('p.npy', classifier.predict_proba(x))\n"
        "print(*classifier.predict(x))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert result.stdout.split() == list(classifier.predict(X[:9])), result.stderr
    np.testing.assert_allclose(
        np.load(tmp_path / "p.npy"), classifier.predict_proba(X[:9]), atol=1e-6
    )


def test_words_frames_pipelines_and_calibration():
    X, y = load_iris(return_X_y=True, as_frame=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    classifier = NetworkClassifier(**SMALL).fit(X, names)
    assert list(classifier.feature_names_in_) == list(X.columns)
    assert classifier.score(X, names) > 0.9
    piped = make_pipeline(StandardScaler(), NetworkClassifier(**SMALL)).fit(X.to_numpy(), names)
    np.testing.assert_allclose(
        piped.predict_proba(X.to_numpy()), classifier.predict_proba(X), atol=1e-3
    )
    calibrated = CalibratedClassifierCV(clone(classifier), cv=2).fit(X, names)
    assert calibrated.score(X, names) > 0.9
    assert set(calibrated.classes_) == set(names)


def test_partial_fit_and_warm_start_go_on(digits):
    X, y = digits[0][:320], digits[1][:320]
    classifier = NetworkClassifier(**SMALL)
    for _ in range(4):
        classifier.partial_fit(X, y, classes=range(10))
    whole = NetworkClassifier(**SMALL | {"epochs": 4}).fit(X, y)
    np.testing.assert_allclose(classifier.loss_curve_, whole.loss_curve_, rtol=1e-5)
    warm = NetworkClassifier(**SMALL | {"epochs": 2, "warm_start": True}).fit(X, y)
    first = list(warm.loss_curve_)
    assert warm.fit(X, y).loss_curve_[:2] == first
    assert warm.loss_curve_[2] < first[1]


def build():
    return keras.Sequential(
        [
            keras.layers.Input((8, 8, 1)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(10, "softmax"),
        ]
    )


def test_images_and_own_networks(digits):
    X, y = digits[0][:640], digits[1][:640]
    rows = NetworkClassifier(build, epochs=20, learning_rate=0.03, random_state=0).fit(X, y)
    assert rows.recipe_.input_range == "byte"
    assert rows.score(X, y) > 0.9
    images = clone(rows).fit(X.reshape(-1, 8, 8), y)
    assert images.image_shape_ == (8, 8)
    np.testing.assert_array_equal(images.predict(X), rows.predict(X))
    small = {"filters": [8], "kernels": 3, "shift": 0, "batch_size": 32}
    conv = NetworkClassifier("quick", **small, epochs=12, random_state=0).fit(X, y)
    assert conv.image_shape_ == (8, 8)
    assert conv.score(X, y) > 0.8


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"recipe": "quick"}, r"takes images, and 4 features are no square image from 8x8 up"),
        ({"scaling": "minmax"}, "scaling: 'minmax'; give auto, pixels, standard or none"),
        ({"filters": [4]}, "filters: not an argument of dense networks"),
        ({"epochs": 0}, "epochs: 0; give a whole number from 1"),
        ({"image_shape": (3, 3)}, r"image_shape: \(3, 3\); X has 4 features"),
        ({"shift": 1, "scaling": "none", "image_shape": (2, 2)}, "scaling='pixels' is needed"),
        ({"recipe": build}, "takes inputs of 8x8x1, the images are 4"),
        ({"recipe": keras.Sequential()}, "fits begin with new weights; give a function"),
    ],
)
def test_unusable_parameters_are_named(parameters, message):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(tenfold.InputError, match=message):
        NetworkClassifier(**parameters).fit(X, y)


def test_a_loss_of_nan_is_refused():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(tenfold.InputError, match="NaN or infinite in epoch 1; lower learning_rate"):
        NetworkClassifier(**SMALL, scaling="none").fit(X * 1e39, y)


def test_pixels_in_another_range_are_warned_of(digits):
    X, y = digits[0][:200], digits[1][:200]
    classifier = NetworkClassifier(**SMALL).fit(X, y)
    with pytest.warns(UserWarning, match=r"fitted on 0..16 from black to white"):
        classifier.predict(X / 16 * 255)
    with pytest.warns(UserWarning, match=r"fitted on 0..16 from black to white"):
        classifier.predict(X / 16)


def test_outliers_of_a_scaler_are_not_warned_of(digits):
    X, y = digits[0][:240], digits[1][:240]
    scaler = MinMaxScaler().fit(X[:120])
    scaled = scaler.transform(X)
    assert scaled.max() > 1
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "X: pixels")
        NetworkClassifier(**SMALL).fit(scaled[:120], y[:120]).predict(scaled)


def test_without_scikit_learn_the_extra_is_named():
    code = (
        "import sys; sys.modules['sklearn'] = None; import tenfold.sklearn\n"
        "try: tenfold.sklearn.NetworkClassifier\n"
        "except tenfold.InputError as error: print(error)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "pip install 'tenfold[sklearn]'" in result.stdout
