"""Go on training the detector with pictures without a digit, so that it refuses them.

    pip install torch
    python scripts/finish_detector.py --folder detector      # after scripts/make_detector.py

A fifth of each batch are patches of drawings (`tenfold.data.synthetic.drawings`): words, faces,
scribbles, grids and others, at random scales. The kinds that measure refusals are left out. The
folder is that of `make_detector.py`, with its pages and its checkpoint.
"""

import argparse
import copy
import math
from pathlib import Path

import numpy as np
import torch
from make_detector import (
    FONTS,
    SIDE,
    TARGET,
    Detector,
    Shards,
    calibrate,
    loss_of,
    targets_of,
    to_onnx,
)
from make_evidence import HELD_OUT
from PIL import Image
from torch import nn

from tenfold.core.files import atomic_path
from tenfold.data.synthetic.drawings import DRAWINGS, draw_drawing
from tenfold.handwriting.contrast import HIGHEST, LOWEST, level

KINDS = [kind for kind in DRAWINGS if kind not in HELD_OUT]
KINDS += ["words"] * 6 + ["face", "flower", "scribble"]  # those that were taken for digits most
PATCHES = 3  # of a drawing
SMALLEST, LARGEST, LARGEST_SCALE = 40, 200, 2.0  # heights of a drawing in pixels
OWN_FONTS = 0.3  # share of drawings with matplotlib's fonts
DRAWN, BATCH = 3, 16  # patches of drawings in a batch
WARM_UP, DECAY = 100, 0.998


def patches_of(generator, fonts):
    """Return patches of one drawing: levelled ink, float32 ``[PATCHES, SIDE, SIDE]``."""
    kind = KINDS[generator.integers(len(KINDS))]
    pixels = draw_drawing(generator, kind, fonts if generator.random() >= OWN_FONTS else ())
    patches = []
    for _ in range(PATCHES):
        height, width = pixels.shape
        largest = min(LARGEST_SCALE, LARGEST / height)
        scale = math.exp(generator.uniform(math.log(SMALLEST / height), math.log(largest)))
        size = (max(8, round(width * scale)), max(8, round(height * scale)))
        resampling = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
        ink = level(np.asarray(Image.fromarray(pixels).resize(size, resampling), np.float32) / 255)
        ink = np.pad(ink, [(0, max(0, SIDE - side)) for side in ink.shape])
        y, x = (generator.integers(0, side - SIDE + 1) for side in ink.shape)
        shifts = (generator.integers(0, max(1, SIDE - side)) for side in size[::-1])
        patches.append(np.roll(ink[y : y + SIDE, x : x + SIDE], tuple(shifts), (0, 1)))
    return np.stack(patches)


def finish(folder, drawings, steps, rate, seed):
    """Train for some steps from the averaged network of the checkpoint; return the average."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(seed)
    fonts = sorted(map(str, FONTS.glob("*/*.ttf")))
    drawn = [patches_of(np.random.default_rng([31, index]), fonts) for index in range(drawings)]
    patches = np.concatenate(drawn)
    empty = np.zeros((0, 4), np.float32)
    shards = Shards(folder, "train")
    shards.refresh()
    network = Detector().to(memory_format=torch.channels_last)
    network.load_state_dict(torch.load(folder / "checkpoint.pt")["average"])
    average = copy.deepcopy(network)
    optimizer = torch.optim.AdamW(network.parameters(), rate, weight_decay=1e-2)
    for step in range(steps):
        cosine = 0.5 * (1 + math.cos(math.pi * step / steps)) + 0.004
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1, (step + 1) / WARM_UP) * cosine
        generator = np.random.default_rng((seed, step))
        ink, targets = shards.batch(generator.integers(0, len(shards), BATCH - DRAWN), generator)
        chosen = patches[generator.integers(0, len(patches), DRAWN)]
        chosen = chosen * np.exp(generator.normal(0, 0.35, (DRAWN, 1, 1)))
        chosen = np.clip(chosen, LOWEST, HIGHEST).astype(np.float32)
        none = zip(*[targets_of(empty, [], empty)] * DRAWN, strict=True)
        ink = torch.cat([ink, torch.from_numpy(chosen)[:, None]])
        targets = [
            torch.cat([one, torch.from_numpy(np.stack(two))])
            for one, two in zip(targets, none, strict=True)
        ]
        losses = loss_of(network(ink.contiguous(memory_format=torch.channels_last)), targets)
        optimizer.zero_grad()
        sum(losses).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        states = average.state_dict().values(), network.state_dict().values()
        with torch.no_grad():
            for mean, value in zip(*states, strict=True):
                is_float = mean.is_floating_point()
                mean.copy_(mean * DECAY + value * (1 - DECAY) if is_float else value)
        if step % 100 == 0:
            print(step, [round(float(loss.detach()), 4) for loss in losses], flush=True)
    return average.eval()


def main():
    """Train, calibrate and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=TARGET)
    parser.add_argument("--drawings", type=int, default=700)
    parser.add_argument("--steps", type=int, default=7000)
    parser.add_argument("--rate", type=float, default=8e-4)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    network = finish(options.folder, options.drawings, options.steps, options.rate, options.seed)
    validation = Shards(options.folder, "validation")
    validation.refresh()
    calibrate(network, validation)
    with atomic_path(options.out) as part:
        part.write_bytes(to_onnx(network).SerializeToString())


if __name__ == "__main__":
    main()
