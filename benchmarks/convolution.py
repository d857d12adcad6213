"""The tutorials' convolutional network, epoch by epoch, beside the fastest peers.

What is measured
    epochs     seconds per epoch of conv 3x3 32, pool, conv 3x3 64, pool, dropout, dense; batch 128,
               60,000 images (`--images`: fewer of them, and the seconds of as many epochs as make
               up for it). Every figure comes from a fresh child process that trains `--epochs`
               epochs; the first, which compiles, is left out; the median of the others is the
               child's figure and the median over `--repeats` children is the table's. A round runs
               each contestant once and the next starts with another one.
    limit      the share of the machine's float32 speed, that of a large product of matrices, that
               an epoch would need if every product of the network were computed. It may pass
               100 %: gradients that pooling, relu and dropout make zero are left out.
    gradients  the largest difference of a gradient from XLA's, over the largest gradient.

Contestants
    tenfold with its compiled kernels; tenfold as it runs without a compiler; Keras's `fit` on
    TensorFlow; a PyTorch loop, eager, eager with channels last, and by `torch.compile`. All of them
    in float32, in environments that are made as for training.py, whose versions they share. Where
    the processor multiplies bfloat16 numbers itself, three more train with these: Keras on
    TensorFlow by `mixed_bfloat16`; the PyTorch loop by `torch.autocast`, once channels last, once
    compiled.

    python benchmarks/convolution.py --json out.json    # a quarter of an hour on two idle cores
"""

import argparse
import json
import os
import sys
import time
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from contestants.workloads import WORKLOADS
from environments import environment
from jax import lax
from machine import machine, multiplies_bfloat16
from processes import ChildFailed, Contestant, run_child
from summaries import epoch_seconds, ratios, summaries
from tables import print_table
from training import PINS

from tenfold.engine.cpu.kernels import Layer, convolve, library

NETWORK = "cnn"
LAYERS = (((128, 28, 28, 1), (3, 3, 1, 32)), ((128, 13, 13, 32), (3, 3, 32, 64)))
POOLED = Layer(relu=True, pool=(2, 2), pool_strides=(2, 2))
IMAGES = 60_000
SIDE = 2048  # of the matrices whose product is the machine's speed


def contestants(folder: Path) -> list[Contestant]:
    """Everyone, in an environment of its own where it needs one."""
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
    if multiplies_bfloat16():
        everyone += [
            tensorflow("TensorFlow, bfloat16", "keras_bfloat16"),
            torch("PyTorch, channels last, bfloat16", "torch_bfloat16"),
            torch("torch.compile, bfloat16", "torch_compiled_bfloat16"),
        ]
    return everyone


def train(who: Contestant, options: argparse.Namespace, turn: int) -> dict | None:
    """Run one child and tell how it went."""
    data = str(options.environments / "mnist")
    job = {"network": NETWORK, "epochs": options.epochs, "seed": turn, "data": data}
    job["images"] = options.images
    load = os.getloadavg()[0]
    try:
        answer = run_child(who, job, module=None, variables={})
    except ChildFailed as failure:
        print(f"FAILED {who.name}: {failure}", file=sys.stderr, flush=True)
        return None
    answer["epoch_seconds"] = [s * IMAGES / options.images for s in answer["epoch_seconds"]]
    seconds = epoch_seconds(answer)
    print(f"{who.name}: {seconds:.2f} s an epoch", file=sys.stderr, flush=True)
    return answer | {"load_before": load}


def rounds(everyone: list[Contestant], options: argparse.Namespace) -> dict[str, list[dict]]:
    """Train in turn, each round starting one contestant later."""
    found: dict[str, list[dict]] = {}
    for turn in range(options.repeats):
        start = turn % len(everyone)
        for who in everyone[start:] + everyone[:start]:
            answer = train(who, options, turn)
            found.setdefault(who.name, []).extend([answer] if answer else [])
    return found


def write_data(options: argparse.Namespace) -> None:
    """Write the arrays that the peers read."""
    folder = options.environments / "mnist"
    if not (folder / "test_labels.npy").exists():
        who = Contestant("data", "tenfold_data", Path(sys.executable))
        job = {"network": "data", "epochs": 0, "seed": 0, "data": str(folder)}
        run_child(who, job, module=None, variables={})


def speed() -> float:
    """Floating-point operations a second of a large float32 product of matrices."""
    matrix = jnp.asarray(np.random.default_rng(0).normal(size=(SIDE, SIDE)).astype(np.float32))
    product = jax.jit(jnp.matmul)
    best = float("inf")
    for _ in range(8):
        start = time.perf_counter()
        product(matrix, matrix).block_until_ready()
        best = min(best, time.perf_counter() - start)
    return 2 * SIDE**3 / best


def operations() -> int:
    """Floating-point operations of an epoch: forward and two gradients, one for the first layer."""
    total = 0
    for i, (images, kernel) in enumerate(LAYERS):
        once = 2 * (images[1] - 2) * (images[2] - 2) * int(np.prod(kernel))
        total += once * (3 if i else 2)
    return (total + 3 * 2 * 1600 * 10) * IMAGES


def by_xla(x: jax.Array, kernel: jax.Array, bias: jax.Array) -> jax.Array:
    """A layer of the network by XLA's operations."""
    y = lax.conv_general_dilated(
        x, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    windows = ((1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    return lax.reduce_window(jax.nn.relu(y + bias), -jnp.inf, lax.max, *windows)


def difference() -> float:
    """The largest difference of any gradient of both layers from XLA's, relative."""
    draw, largest = np.random.default_rng(0), 0.0
    for images, kernel in LAYERS:
        shapes = (images, kernel, kernel[-1:])
        given = [draw.normal(size=shape).astype(np.float32) for shape in shapes]
        y, back = jax.vjp(partial(convolve, POOLED), *given)
        gradient = draw.normal(size=y.shape).astype(np.float32)
        theirs = jax.vjp(by_xla, *given)[1](gradient)
        for a, b in zip(back(gradient), theirs, strict=True):
            largest = max(largest, float(jnp.abs(a - b).max() / jnp.abs(b).max()))
    return largest


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--json", type=Path, metavar="PATH")
    folder = Path.home() / ".cache" / "tenfold-benchmarks"
    parser.add_argument("--environments", type=Path, default=folder, metavar="PATH")
    options = parser.parse_args()
    write_data(options)
    rows = summaries(rounds(contestants(options.environments), options), epoch_seconds)
    peak, needed = speed(), operations()
    times = ratios(rows, "tenfold")
    print_table(
        "Seconds per epoch: median (lowest-highest)",
        ["", "seconds", "/ tenfold", "% of limit", "test %"],
        [
            [
                name,
                "{median:.2f} ({low:.2f}-{high:.2f})".format(**row["seconds"]),
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
        "largest_relative_difference": difference(),
    }
    print(f"\nlargest difference from XLA's gradients: {report['largest_relative_difference']:.1e}")
    print(f"large float32 product: {peak / 1e9:.0f} GFLOP/s\n")
    line = json.dumps(report)
    print(line)
    if options.json:
        options.json.write_text(line + "\n")


if __name__ == "__main__":
    main()
