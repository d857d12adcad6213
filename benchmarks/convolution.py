"""Seconds per epoch of the tutorials' convolutional network, beside the fastest peers.

What is measured
    epochs     seconds per epoch of conv 3x3 32, pool, conv 3x3 64, pool, dropout, dense; batch 128,
               60,000 images (`--images` takes fewer and scales the seconds to
               60,000). Every figure comes from a fresh child process that trains `--epochs`
               epochs; the first, which compiles, is left out; the median of the others is the
               child's figure and the median over `--repeats` children is the table's. A round runs
               each contestant once and the next starts with another one.
    limit      the speed of an epoch if every product of the network were computed, as a share of
               the machine's float32 speed in a large matrix product. It can exceed 100 %, since
               gradients that pooling, ReLU and dropout make zero are skipped.
    gradients  the largest difference of a gradient from XLA's, divided by the largest gradient.

Contestants
    tenfold with its compiled kernels; tenfold as it runs without a compiler; Keras's `fit` on
    TensorFlow; a PyTorch loop, eager, eager with channels last, and with `torch.compile`. All use
    float32 and the environments and versions of training.py. On a CPU with bfloat16 instructions
    there are three more: Keras on TensorFlow with `mixed_bfloat16`; the PyTorch loop with
    `torch.autocast`, once channels last, once compiled.

    python benchmarks/convolution.py --json out.json    # a quarter of an hour on two idle cores
"""

import argparse
import os
import sys
import time
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from command_line import log, make_parser, print_json
from contestants.workloads import WORKLOADS
from environments import FOLDER, environment
from jax import lax
from machine import machine, supports_bfloat16
from processes import Contestant, ProcessFailed, rotated, run_child, write_peer_data
from summaries import epoch_seconds, ratios, summaries
from tables import median_range, print_table
from training import PINS

from tenfold.engine.cpu.kernels import Layer, convolve, library

NETWORK = "cnn"
LAYERS = (((128, 28, 28, 1), (3, 3, 1, 32)), ((128, 13, 13, 32), (3, 3, 32, 64)))
POOLED = Layer(relu=True, pool=(2, 2), pool_strides=(2, 2))
IMAGES = 60_000
SIDE = 2048  # of the matrices whose product measures the speed of the machine


def contestants(folder: Path) -> list[Contestant]:
    """Return all contestants, the peers in separate environments."""
    ours = partial(Contestant, python=Path(sys.executable))
    torch = partial(
        Contestant, python=environment(folder / "pytorch", PINS["pytorch"]), own_environment=True
    )
    tensorflow = partial(
        Contestant,
        python=environment(folder / "tensorflow", PINS["tensorflow"]),
        variables={"KERAS_BACKEND": "tensorflow"},
        own_environment=True,
    )
    everyone = [
        ours("tenfold", "tenfold_fit"),
        ours("tenfold, XLA alone", "tenfold_xla"),
        tensorflow("TensorFlow", "keras_fit"),
        torch("PyTorch", "torch_loop"),
        torch("PyTorch, channels last", "torch_channels_last"),
        torch("torch.compile", "torch_compiled"),
    ]
    if supports_bfloat16():
        everyone += [
            tensorflow("TensorFlow, bfloat16", "keras_bfloat16"),
            torch("PyTorch, channels last, bfloat16", "torch_bfloat16"),
            torch("torch.compile, bfloat16", "torch_compiled_bfloat16"),
        ]
    return everyone


def train(contestant: Contestant, options: argparse.Namespace, turn: int) -> dict | None:
    """Run one child; if it fails, log the error and return None."""
    data = str(options.environments / "mnist")
    job = {"network": NETWORK, "epochs": options.epochs, "seed": turn, "data": data}
    job["images"] = options.images
    load = os.getloadavg()[0]
    try:
        result = run_child(contestant, job)
    except ProcessFailed as error:
        log(f"FAILED {contestant.name}: {error}")
        return None
    result["epoch_seconds"] = [s * IMAGES / options.images for s in result["epoch_seconds"]]
    log(f"{contestant.name}: {epoch_seconds(result):.2f} s per epoch")
    return result | {"load_before": load}


def rounds(everyone: list[Contestant], options: argparse.Namespace) -> dict[str, list[dict]]:
    """Train each contestant once per round, each round starting one contestant later."""
    results: dict[str, list[dict]] = {}
    for turn in range(options.repeats):
        for contestant in rotated(everyone, turn):
            result = train(contestant, options, turn)
            results.setdefault(contestant.name, []).extend([result] if result else [])
    return results


def matrix_product_speed() -> float:
    """Return the floating-point operations per second of a large float32 matrix product."""
    matrix = jnp.asarray(np.random.default_rng(0).normal(size=(SIDE, SIDE)).astype(np.float32))
    product = jax.jit(jnp.matmul)
    best = float("inf")
    for _ in range(8):
        start = time.perf_counter()
        product(matrix, matrix).block_until_ready()
        best = min(best, time.perf_counter() - start)
    return 2 * SIDE**3 / best


def operations() -> int:
    """Return the floating-point operations of an epoch."""
    # The forward pass and two gradients; the first layer has one gradient.
    total = 0
    for i, (images, kernel) in enumerate(LAYERS):
        once = 2 * (images[1] - 2) * (images[2] - 2) * int(np.prod(kernel))
        total += once * (3 if i else 2)
    return (total + 3 * 2 * 1600 * 10) * IMAGES


def by_xla(x: jax.Array, kernel: jax.Array, bias: jax.Array) -> jax.Array:
    """Compute a layer of the network by XLA's operations."""
    y = lax.conv_general_dilated(
        x, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    windows = ((1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    return lax.reduce_window(jax.nn.relu(y + bias), -jnp.inf, lax.max, *windows)


def gradient_difference() -> float:
    """Return the largest relative difference from XLA's, of all gradients of both layers."""
    rng, largest = np.random.default_rng(0), 0.0
    for images, kernel in LAYERS:
        shapes = (images, kernel, kernel[-1:])
        inputs = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
        y, back = jax.vjp(partial(convolve, POOLED), *inputs)
        gradient = rng.normal(size=y.shape).astype(np.float32)
        expected = jax.vjp(by_xla, *inputs)[1](gradient)
        for a, b in zip(back(gradient), expected, strict=True):
            largest = max(largest, float(jnp.abs(a - b).max() / jnp.abs(b).max()))
    return largest


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--environments", type=Path, default=FOLDER, metavar="PATH")
    options = parser.parse_args()
    write_peer_data(options.environments / "mnist")
    rows = summaries(rounds(contestants(options.environments), options), epoch_seconds)
    peak, needed = matrix_product_speed(), operations()
    times = ratios(rows, "tenfold")
    print_table(
        "Seconds per epoch: median (lowest-highest)",
        ["", "seconds", "/ tenfold", "% of limit", "test %"],
        [
            [
                name,
                median_range(row["seconds"]),
                f"{times.get(name, 1):.2f}",
                f"{100 * needed / peak / row['seconds']['median']:.0f}",
                f"{100 * row['test_accuracy']['median']:.2f}",
            ]
            for name, row in rows.items()
        ],
    )
    report = {
        "benchmark": "convolution",
        "machine": machine(),
        "kernels": library().description,
        "network": str(WORKLOADS[NETWORK]),
        "settings": {name: getattr(options, name) for name in ("epochs", "repeats", "images")},
        "gigaflops": peak / 1e9,
        "operations": needed,
        "contestants": rows,
        "ratios": times,
        "largest_relative_difference": gradient_difference(),
    }
    print(f"\nlargest difference from XLA's gradients: {report['largest_relative_difference']:.1e}")
    print(f"large float32 product: {peak / 1e9:.0f} GFLOP/s")
    print_json(report, options.json)


if __name__ == "__main__":
    main()
