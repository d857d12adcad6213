"""Where an epoch of the tutorials' dense networks goes, and the share of the machine's limit.

What is measured, in one process, network by network, for an epoch of 60,000 images
    epoch       tenfold's compiled program, as it trains
    products    its matrix products alone, forward and backward, in a loop of as many steps
    updates     its optimizer alone
    images      fetching and scaling the batches alone
    limit       the products at the speed of a large float32 product of matrices, and the
                optimizer's numbers, read and written once a step, at that of a large copy

    Seconds are the lowest of `--repeats`, after one that compiles, and twice: by the clock, and of
    all processors together, which other programs on the machine disturb less. Parts overlap where
    they run together, and need not add up.

    python benchmarks/limits.py
"""

import argparse
import functools
import json
import time
from collections.abc import Callable

import tenfold  # before Keras: it picks the backend  # isort: skip
import jax
import jax.numpy as jnp
import numpy as np
from convolution import speed
from jax import lax
from machine import machine
from tables import print_table

from tenfold import networks
from tenfold.engine import DeviceData, Program, read_state, run_epoch
from tenfold.engine.compile import compile_network
from tenfold.engine.cpu.flatten import flatten_elementwise, flattened
from tenfold.networks.recipes import recipe

NETWORKS = ("logistic", "dense-47", "dropout", "dense-512", "dense-256", "sigmoid-64")
COPIED = 2**26  # floats of the large copy


def timed(run: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Seconds by the clock and of all processors, lowest of some, after one that compiles."""
    jax.block_until_ready(run())
    clock, processors = [], []
    for _ in range(repeats):
        start, used = time.perf_counter(), time.process_time()
        jax.block_until_ready(run())
        clock.append(time.perf_counter() - start)
        processors.append(time.process_time() - used)
    return min(clock), min(processors)


def copy_speed() -> float:
    """Bytes a second that a large copy reads and writes."""
    source, target = np.ones(COPIED, np.float32), np.empty(COPIED, np.float32)
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        np.copyto(target, source)
        best = min(best, time.perf_counter() - start)
    return 2 * source.nbytes / best


class Network:
    """One network of the table, its program and its parts."""

    def __init__(self, name: str, data: DeviceData) -> None:
        chosen = recipe(name)
        self.model = networks.build(chosen.network, chosen.arguments, (28, 28), 10, 0)
        compile_network(self.model, chosen, len(data))
        self.program = Program([self.model], (28, 28), 10, chosen.batch_size)
        self.state, self.data, self.batch = read_state(self.model), data, chosen.batch_size
        self.steps = len(data) // self.batch
        order = np.random.default_rng(0).permutation(len(data)).astype(np.int32)
        self.order, self.images = jnp.asarray(order), jnp.asarray(data.whole.images)
        self.kernels = [v for v in self.state.trainable if v.ndim == 2]

    def epoch(self) -> object:
        """Train on every image, by the program that tenfold trains with."""
        state = jax.tree.map(jnp.array, self.state)  # it is consumed
        return run_epoch(self.program, state, self.data, 0, [0])[0]

    def operations(self) -> int:
        """Of the products of an epoch; the first layer has no gradient of its input."""
        sizes = [(3 if i else 2) * 2 * kernel.size for i, kernel in enumerate(self.kernels)]
        return self.steps * self.batch * sum(sizes)

    def state_bytes(self) -> int:
        """Of weights and optimizer, read and written in an epoch."""
        held = sum(value.nbytes for value in (*self.state.trainable, *self.state.optimizer))
        return 2 * held * self.steps

    def parts(self) -> dict[str, Callable[[], object]]:
        """What is timed."""
        loop = functools.partial(lax.fori_loop, 0, self.steps)
        x = jnp.ones((self.batch, 784))
        products = jax.jit(lambda x: loop(lambda _, y: x + 1e-9 * self._products(y), x))
        updates = jax.jit(lambda *state: loop(self._update, jax.tree.map(flattened, state)))
        images = jax.jit(lambda x: loop(self._images, x))
        state = (self.state.trainable, self.state.optimizer)
        return {
            "epoch": self.epoch,
            "products": lambda: products(x),
            "updates": lambda: updates(*state),
            "images": lambda: images(x),
        }

    def _products(self, x: jax.Array) -> jax.Array:
        inputs = [x]
        for kernel in self.kernels:
            inputs.append(inputs[-1] @ kernel)
        gradient, used = inputs[-1], jnp.float32(0)
        for i in reversed(range(len(self.kernels))):
            used += (inputs[i].T @ gradient)[0, 0]
            gradient = gradient @ self.kernels[i].T if i else gradient
        return used

    def _update(self, _: jax.Array, state: tuple) -> tuple:
        shaped = (self.state.trainable, self.state.optimizer)
        weights, optimizer = jax.tree.map(lambda v, like: v.reshape(like.shape), state, shaped)
        gradients = [1e-3 * value for value in weights]
        apply = flatten_elementwise(self.model.optimizer.stateless_apply)
        return jax.tree.map(flattened, apply(optimizer, gradients, weights))

    def _images(self, i: jax.Array, x: jax.Array) -> jax.Array:
        chosen = lax.dynamic_slice_in_dim(self.order, i * self.batch, self.batch)
        pixels = self.images.at[chosen].get(mode="promise_in_bounds")
        return x + pixels.reshape(x.shape) / jnp.float32(255)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    data = DeviceData(tenfold.load("mnist", validation=0).train)
    product, copy = speed(), copy_speed()
    rows, found = [], {}
    for name in NETWORKS:
        network = Network(name, data)
        seconds = {part: timed(run, repeats) for part, run in network.parts().items()}
        limit = network.operations() / product + network.state_bytes() / copy
        share = 100 * limit / seconds["epoch"][0]
        cells = [f"{clock:.3f} ({used:.3f})" for clock, used in seconds.values()]
        rows.append([name, *cells, f"{limit:.3f}", f"{share:.0f}"])
        found[name] = {"seconds": seconds, "limit": limit}
    title = "Seconds of an epoch by the clock (of all processors), and the limit"
    print_table(title, ["", *network.parts(), "limit", "% of limit"], rows)
    print(f"\nlarge product {product / 1e9:.0f} GFLOP/s, large copy {copy / 1e9:.1f} GB/s\n")
    speeds = {"product": product, "copy": copy}
    print(json.dumps({"benchmark": "limits", "machine": machine(), **speeds, "networks": found}))


if __name__ == "__main__":
    main()
