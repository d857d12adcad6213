"""Two devices, forced on the CPU: networks and images divided, equal to one device."""

import os
import subprocess
import sys

import numpy as np
import pytest

TRAIN = """
import sys
import jax
import numpy as np
import tenfold
from tenfold import engine
from tenfold.networks.recipes import recipe

assert jax.local_device_count() == int(sys.argv[1])
data = tenfold.load("mnist")
smaller = {("dense", 1), ("dense", 2)}  # with smaller last batches, which are programs of their own
dense = recipe("dense-512").replace(arguments={"hidden": [8], "dropout": 0.2, "batch_norm": True})
small = recipe("quick").replace(arguments={"filters": [4], "kernels": 3, "strides": 2})
results = {}
for name, base, networks in (("dense", dense, 1), ("dense", dense, 2), ("conv", small, 2),
                             ("conv", small, 1), ("dense", dense, 3)):
    chosen = base.replace(batch_size=50, input_range="unit")
    rests = (name, networks) in smaller
    few, validation = data.train[: 330 if rests else 300], data.validation[: 300 if rests else 250]
    seeds = list(range(networks))
    models = engine.build_networks(chosen, (28, 28), 10, len(few), seeds)
    program = engine.Program.from_recipe(models, chosen, (28, 28), 10)
    state, device_data = engine.initial_state(models), engine.DeviceData(few)
    held_out = engine.DeviceData(validation)
    for epoch in range(2):
        state, logs = engine.run_epoch(
            program, state, device_data, epoch, seeds, validation=held_out
        )
    for i, values in enumerate((*state.trainable, *state.non_trainable, *logs.values())):
        results[f"{name}-{networks}-{i}"] = np.asarray(values)
    if networks == 2 and name == "dense":
        devices = len(state.trainable[0].sharding.device_set)
        assert devices == int(sys.argv[1]), devices
np.savez(sys.argv[2], **results)
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The weights and logs with one device and with two."""
    folder = tmp_path_factory.mktemp("devices")
    processes = []
    for count in (1, 2):
        flags = f"--xla_force_host_platform_device_count={count}"
        command = [sys.executable, "-c", TRAIN, str(count), str(folder / f"{count}.npz")]
        environment = {**os.environ, "XLA_FLAGS": flags}
        processes.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE))
    for process in processes:
        _, error = process.communicate()
        assert process.returncode == 0, error.decode()[-2000:]
    return [np.load(folder / f"{count}.npz") for count in (1, 2)]


@pytest.mark.parametrize("case", ["dense-1", "dense-2", "dense-3", "conv-1", "conv-2"])
def test_two_devices_equal_one(trained, case):
    one, two = trained
    names = [name for name in one.files if name.startswith(f"{case}-")]
    assert len(names) >= 6
    for name in names:
        if one[name].dtype.kind == "f":
            np.testing.assert_allclose(two[name], one[name], rtol=2e-3, atol=2e-4)
        else:
            np.testing.assert_array_equal(two[name], one[name])
