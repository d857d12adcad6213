"""Time of the parts of an epoch of the tutorials' dense networks, and its theoretical limit.

What is measured, in one process, network by network, for an epoch of 60,000 images
    epoch       tenfold's compiled program, as it trains
    products    its matrix products alone, forward and backward, in a loop of the same length
    updates     its optimizer alone
    images      gathering and scaling of the batches alone
    limit       the products at the speed of a large float32 matrix product, and the optimizer's
                state, read and written once per step, at the speed of a large copy

    Seconds are the minimum of `--repeats`, after one run that compiles: wall clock and CPU time of
    all cores, which other programs disturb less. The parts overlap in an epoch, so their sum can
    differ from it.

    python benchmarks/limits.py
"""

import functools
import time
from collections.abc import Callable

import tenfold  # before Keras: it picks the backend  # isort: skip
import jax
import jax.numpy as jnp
import numpy as np
from command_line import make_parser, print_json
from convolution import matrix_product_speed
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
    """Return the minimum wall-clock and CPU seconds, after one run that compiles."""
    jax.block_until_ready(run())
    wall, cpu = [], []
    for _ in range(repeats):
        start, cpu_start = time.perf_counter(), time.process_time()
        jax.block_until_ready(run())
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - cpu_start)
    return min(wall), min(cpu)


def copy_speed() -> float:
    """Return the bytes per second that a large copy reads and writes."""
    source, target = np.ones(COPIED, np.float32), np.empty(COPIED, np.float32)
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        np.copyto(target, source)
        best = min(best, time.perf_counter() - start)
    return 2 * source.nbytes / best


class Network:
    """One network of the table, its program and the parts of its epoch."""

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
        """Train one epoch by tenfold's program."""
        state = jax.tree.map(jnp.array, self.state)  # the program donates its input
        return run_epoch(self.program, state, self.data, 0, [0])[0]

    def operations(self) -> int:
        """Return the floating-point operations of the products of an epoch."""
        # The first layer needs no gradient of its input.
        sizes = [(3 if i else 2) * 2 * kernel.size for i, kernel in enumerate(self.kernels)]
        return self.steps * self.batch * sum(sizes)

    def state_bytes(self) -> int:
        """Return the bytes of weights and optimizer that an epoch reads and writes."""
        held = sum(value.nbytes for value in (*self.state.trainable, *self.state.optimizer))
        return 2 * held * self.steps

    def parts(self) -> dict[str, Callable[[], object]]:
        """Return the functions to time, by name."""
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
    parser = make_parser(__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    data = DeviceData(tenfold.load("mnist", validation=0).train)
    product, copy = matrix_product_speed(), copy_speed()
    rows, results = [], {}
    for name in NETWORKS:
        network = Network(name, data)
        seconds = {part: timed(run, options.repeats) for part, run in network.parts().items()}
        limit = network.operations() / product + network.state_bytes() / copy
        share = 100 * limit / seconds["epoch"][0]
        cells = [f"{wall:.3f} ({cpu:.3f})" for wall, cpu in seconds.values()]
        rows.append([name, *cells, f"{limit:.3f}", f"{share:.0f}"])
        results[name] = {"seconds": seconds, "limit": limit}
    title = "Seconds of an epoch, wall clock (CPU time), and the limit"
    print_table(title, ["", *network.parts(), "limit", "% of limit"], rows)
    print(f"\nlarge product {product / 1e9:.0f} GFLOP/s, large copy {copy / 1e9:.1f} GB/s")
    speeds = {"product": product, "copy": copy}
    report = {"benchmark": "limits", "machine": machine(), **speeds, "networks": results}
    print_json(report, options.json)


if __name__ == "__main__":
    main()
