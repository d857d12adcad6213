"""TensorBoard events: read back by TensorBoard itself, through kills, damage and divergence."""

import io
import shutil
import struct
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboardX.record_writer import masked_crc32c

import tenfold
from tenfold import figures
from tenfold.engine import State
from tenfold.networks import dense
from tenfold.training.checkpoint import save
from tenfold.training.tensorboard import EventFiles

SMALL = tenfold.Recipe("small", arguments={"hidden": [8]}, epochs=3)
SCALARS = ["accuracy/train", "accuracy/validation", "loss/train", "loss/validation"]


def events_of(folder, seed=0):
    path = folder / "tensorboard" / f"seed-{seed}"
    guidance = {"scalars": 0, "histograms": 0, "images": 0, "tensors": 0}  # 0 keeps all
    return EventAccumulator(str(path), size_guidance=guidance).Reload()


def scalars(events, tag):
    return [(event.step, event.value) for event in events.Scalars(tag)]


def histograms(events, tag):
    return [(event.step, event.histogram_value) for event in events.Histograms(tag)]


@pytest.fixture(scope="module")
def pair(few, tmp_path_factory):
    """Two networks trained at once."""
    out = tmp_path_factory.mktemp("events") / "two"
    return tenfold.train(SMALL, few, seeds=2, out=out, verbose=False)


def weight_tags(model):
    return {
        f"weights/{layer.name}/{weight.name}": weight
        for layer in model.layers
        for weight in layer.weights
    }


@pytest.mark.parametrize("seed", [0, 1])
def test_scalars_are_the_history(pair, seed):
    rows = pair.history[pair.history["seed"] == seed]
    events = events_of(pair.path, seed)
    assert sorted(events.Tags()["scalars"]) == SCALARS
    columns = {tag: rows[_column(tag)] for tag in SCALARS}
    for tag, column in columns.items():
        seen = scalars(events, tag)
        assert [step for step, _ in seen] == [1, 2, 3]
        assert [value for _, value in seen] == pytest.approx(column.tolist())


def _column(tag):
    name, split = tag.split("/")
    return name if split == "train" else f"val_{name}"


@pytest.mark.parametrize("seed", [0, 1])
def test_histograms_are_those_of_the_weights(pair, seed):
    events = events_of(pair.path, seed)
    weights = weight_tags(pair.models[seed])
    assert sorted(events.Tags()["histograms"]) == sorted(weights)
    assert len(weights) == 4
    for tag, weight in weights.items():
        (_, first), _, (_, last) = seen = histograms(events, tag)
        assert [step for step, _ in seen] == [1, 2, 3]
        assert first != last
        values = np.array(weight.value, float)
        counts, edges = np.histogram(values, 30)
        assert last.bucket == [0, *counts]
        assert last.bucket_limit == pytest.approx(edges)
        assert (last.num, last.min, last.max) == (values.size, values.min(), values.max())
        assert last.sum == pytest.approx(values.sum())
        assert last.sum_squares == pytest.approx((values**2).sum())


def test_the_picture_is_the_first_network_s_confusion_matrix_on_validation(pair, few):
    (event,) = events_of(pair.path).Images("confusion/validation")
    assert event.step == 3
    assert events_of(pair.path, 1).Tags()["images"] == []
    figure = pair.evaluate("validation", few).plot_confusion()
    with Image.open(io.BytesIO(event.encoded_image_string)) as picture:
        assert picture.size == (event.width, event.height)
        with Image.open(io.BytesIO(figures.to_png(figure))) as expected:
            np.testing.assert_array_equal(np.asarray(picture), np.asarray(expected))


def test_the_network_is_there_as_text(pair):
    (event,) = events_of(pair.path).Tensors("network")
    (text,) = event.tensor_proto.string_val
    assert text.decode() == f"```\n{pair.summary()}\n```"


# Trainings that stop and go on


def everything(run, seed=0):
    """What the events say, in order; without layer names, which count up within a process."""
    events = events_of(run.path, seed)
    tags = events.Tags()
    assert [event.step for event in events.Tensors("network")] == [0]
    return {
        "scalars": {tag: scalars(events, tag) for tag in SCALARS},
        "histograms": [histograms(events, tag) for tag in tags["histograms"]],
        "pictures": [
            (event.step, event.encoded_image_string)
            for tag in tags["images"]
            for event in events.Images(tag)
        ],
    }


def fail(*_, **__):
    raise KeyboardInterrupt


def fail_from_epoch_two(folder, checkpoint):
    if checkpoint.epochs == 2:
        raise KeyboardInterrupt
    save(folder, checkpoint)


@pytest.fixture(scope="module")
def stopped_run(few, tmp_path_factory):
    """Two networks, stopped when their second epoch was written as events, but not yet kept."""
    out = tmp_path_factory.mktemp("events") / "stopped"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tenfold.training.checkpoint.save", fail_from_epoch_two)
        with pytest.raises(KeyboardInterrupt):
            tenfold.train(SMALL, few, seeds=2, out=out, verbose=False)
    return out


@pytest.fixture
def stopped(stopped_run, tmp_path):
    return shutil.copytree(stopped_run, tmp_path / "run")


def event_file(folder, seed=0):
    (path,) = (folder / "tensorboard" / f"seed-{seed}").iterdir()
    return path


def test_stopped_in_epochs_and_at_the_end_it_has_the_events_of_one_that_was_not(
    pair, stopped, few, monkeypatch
):
    assert [step for step, _ in scalars(events_of(stopped), "loss/train")] == [1, 2]
    with monkeypatch.context() as patch:
        patch.setattr("tenfold.figures.save", fail)
        with pytest.raises(KeyboardInterrupt):
            tenfold.resume(stopped, few, verbose=False)
    assert len(events_of(stopped).Images("confusion/validation")) == 1
    run = tenfold.resume(stopped, few, verbose=False)
    for seed in (0, 1):
        assert everything(run, seed) == everything(pair, seed)


def test_scalars_of_events_that_are_gone_come_from_the_history(pair, stopped, few):
    cut = event_file(stopped, 0)
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 3])
    shutil.rmtree(event_file(stopped, 1).parent)
    run = tenfold.resume(stopped, few, verbose=False)
    for seed in (0, 1):
        resumed, expected = everything(run, seed), everything(pair, seed)
        assert resumed["scalars"] == expected["scalars"]
        assert resumed["pictures"] == expected["pictures"]


# The file alone


HISTORY = [{"epoch": epoch, "seed": 5, "loss": 1 / epoch} for epoch in (1, 2, 3)]


@pytest.fixture(scope="module")
def logistic():
    return dense((28, 28), 10, hidden=[])


def state_of(model):
    """The state of a network, as a training has it, in arrays that can be changed."""
    weights = [np.array(variable.value) for variable in model.trainable_variables]
    rest = [np.array(variable.value) for variable in model.non_trainable_variables]
    return State(weights, rest, [], [])


@pytest.fixture(scope="module")
def two_epochs(logistic, tmp_path_factory):
    """The bytes of an event file of two epochs."""
    folder = tmp_path_factory.mktemp("two")
    events = EventFiles(folder, logistic, [5], [])
    for row in HISTORY[:2]:
        events.add_epoch([row], state_of(logistic))
    return event_file(folder, 5).read_bytes()


def go_on(folder, content, model, history=HISTORY[:2]):
    """Put a file in place, go on from it with the epoch after the history, and read all back."""
    seed = folder / "tensorboard" / "seed-5"
    shutil.rmtree(seed, ignore_errors=True)
    seed.mkdir(parents=True)
    (seed / "events.out.tfevents.1.here").write_bytes(content)
    EventFiles(folder, model, [5], history).add_epoch([HISTORY[len(history)]], state_of(model))
    return events_of(folder, 5)


def ends(content):
    """Where each record ends, in bytes."""
    offsets = [0]
    while offsets[-1] < len(content):
        (length,) = struct.unpack_from("<Q", content, offsets[-1])
        offsets.append(offsets[-1] + length + 16)
    return offsets[1:]


def assert_whole(events, kept):
    assert [step for step, _ in scalars(events, "loss/train")] == [1, 2, 3]
    (tag,) = {tag for tag in events.Tags()["histograms"] if tag.endswith("kernel")}
    assert [step for step, _ in histograms(events, tag)] == [*range(1, kept + 1), 3]
    assert [event.step for event in events.Tensors("network")] == [0]


def test_cut_anywhere_it_goes_on(two_epochs, logistic, tmp_path):
    boundaries = ends(two_epochs)
    assert len(boundaries) == 4  # version, network, two epochs
    near = {end + shift for end in boundaries for shift in (-1, 0, 1, 8, 12)}
    for cut in sorted({*range(0, len(two_epochs), 41), *near}):
        kept = sum(end <= cut for end in boundaries) - 2
        assert_whole(go_on(tmp_path, two_epochs[:cut], logistic), max(kept, 0))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255))
def test_damaged_anywhere_it_goes_on(two_epochs, logistic, tmp_path, place, change):
    content = bytearray(two_epochs)
    at = int(place * len(content))
    content[at] ^= change
    kept = sum(end <= at for end in ends(two_epochs)) - 2
    assert_whole(go_on(tmp_path, bytes(content), logistic), max(kept, 0))


def record(content):
    length = struct.pack("<Q", len(content))
    sums = [struct.pack("<I", masked_crc32c(part)) for part in (length, content)]
    return length + sums[0] + content + sums[1]


@pytest.mark.parametrize("foreign", [b"\xff\xff", b"", b"{}"])
def test_whole_records_of_something_else_are_cut_off(two_epochs, logistic, tmp_path, foreign):
    middle = ends(two_epochs)[1]
    content = two_epochs[:middle] + record(foreign) + two_epochs[middle:]
    events = go_on(tmp_path, content, logistic)
    assert [step for step, _ in scalars(events, "loss/train")] == [1, 2, 3]


def test_later_epochs_than_the_checkpoints_are_cut_off(two_epochs, logistic, tmp_path):
    events = go_on(tmp_path, two_epochs, logistic, HISTORY[:1])
    assert scalars(events, "loss/train") == [(1, 1.0), (2, 0.5)]


def test_weights_that_are_not_finite_have_no_histogram(logistic, tmp_path, capfd, caplog):
    state = state_of(logistic)
    state.trainable[0][3, 4] = np.nan
    state.trainable[1][:] = np.finfo(np.float32).max
    row = {"epoch": 1, "seed": 5, "loss": float("nan"), "val_loss": float("inf")}
    EventFiles(tmp_path, logistic, [5], []).add_epoch([row], state)
    events = events_of(tmp_path, 5)
    (tag,) = events.Tags()["histograms"]
    assert tag.endswith("/bias")
    assert histograms(events, tag)[0][1].num == 10
    assert np.isnan(events.Scalars("loss/train")[0].value)
    assert capfd.readouterr().err == ""
    assert [entry for entry in caplog.records if entry.name.startswith("tensorboardX")] == []


def nested(keras):
    def part(name):
        inputs = keras.Input((784,))
        return keras.Model(inputs, keras.layers.Dense(3, name="same")(inputs), name=name)

    inputs = keras.Input((784,))
    joined = keras.layers.Add()([part("left")(inputs), part("right")(inputs)])
    turned = keras.layers.Reshape((3, 1))(joined)
    recurrent = keras.layers.Bidirectional(keras.layers.LSTM(2, name="lstm"), name="both")(turned)
    return keras.Model(inputs, keras.layers.Dense(10, name="end")(recurrent))


def test_nested_layers_keep_their_tags_when_the_network_is_built_anew(tmp_path):
    import keras

    from tenfold import networks

    first = nested(keras)
    again = networks.from_json(networks.to_json(first))
    names = []
    for model, name in ((first, "first"), (again, "again")):
        EventFiles(tmp_path / name, model, [5], []).add_epoch([HISTORY[0]], state_of(model))
        names.append(events_of(tmp_path / name, 5).Tags()["histograms"])
    assert names[0] == names[1]
    assert len(set(names[0])) == len(first.weights) == 12
    assert {
        "weights/left/same/kernel",
        "weights/right/same/bias",
        "weights/both/forward_lstm/lstm_cell/recurrent_kernel",
        "weights/end/kernel",
    } <= set(names[0])


def test_what_is_no_weight_has_no_histogram(tmp_path):
    model = dense((28, 28), 10, hidden=[4], batch_norm=True, dropout=0.5)
    assert any("seed" in variable.path for variable in model.non_trainable_variables)
    EventFiles(tmp_path, model, [5], []).add_epoch([HISTORY[0]], state_of(model))
    tags = events_of(tmp_path, 5).Tags()["histograms"]
    assert sorted(tag.split("/")[2] for tag in tags) == [
        *("beta", "bias", "gamma", "kernel", "kernel", "moving_mean", "moving_variance")
    ]


@pytest.mark.parametrize("value", [0, -2.5, 1e-40, 3e38])
def test_a_constant_weight_is_one_peak(logistic, tmp_path, value):
    state = state_of(logistic)
    state.trainable[1][:] = value
    EventFiles(tmp_path, logistic, [5], []).add_epoch([HISTORY[0]], state)
    events = events_of(tmp_path, 5)
    (tag,) = {tag for tag in events.Tags()["histograms"] if tag.endswith("/bias")}
    ((_, histogram),) = histograms(events, tag)
    assert max(histogram.bucket) == sum(histogram.bucket) == 10
    assert min(histogram.bucket_limit) <= np.float32(value) < max(histogram.bucket_limit)


def test_pytorch_is_not_imported_and_tensorboardx_is_whole_afterwards():
    code = (
        "import sys\n"
        "from tenfold.training import tensorboard\n"
        "formats = tensorboard._formats()\n"
        "print([name for name in sys.modules if name.startswith(('torch', 'tensorboardX'))])\n"
        "sys.modules['torch'] = None  # as if it were not installed\n"
        "import tensorboardX.summary\n"
        "assert tensorboardX.SummaryWriter and tensorboardX.summary.text\n"
        "event = formats.Event(step=3).SerializeToString()\n"
        "from tensorboardX.proto.event_pb2 import Event\n"
        "print(Event.FromString(event).step)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["[]", "3"], done.stderr
