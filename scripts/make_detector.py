"""Train the detector, the network in the package that finds and names digits in pictures.

    pip install torch
    python scripts/make_detector.py --folder detector      # some hours; resumes where it stopped
    python scripts/finish_detector.py --folder detector    # an hour

It trains on pages composed from MNIST's 55,000 training digits and drawn clutter
(`tenfold.data.synthetic.pages`); no picture of real pages is used. The folder keeps shards of pages
and the last checkpoint. Pages of MNIST's validation digits choose the threshold. PyTorch trains it,
because XLA's gradients of dilated convolutions on CPUs are several times slower. The second script
goes on with drawings without a digit.

The network is fully convolutional: stride 2, 4 and 8, dilated residual layers at stride 8, and a
skip connection back to stride 4, where it predicts for each cell whether the centre of a digit lies
there (CenterNet: Zhou et al., 2019), the class and the box (distances to its four sides).
"""

import argparse
import copy
import json
import math
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
from onnx import TensorProto, helper, numpy_helper
from scipy import ndimage
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

import tenfold
from tenfold.core.files import atomic_path
from tenfold.data.synthetic.pages import Digits, draw_page
from tenfold.export.network import as_model
from tenfold.handwriting.contrast import HIGHEST, LOWEST, level

TARGET = Path(__file__).parents[1] / "src" / "tenfold" / "assets" / "detector.onnx"
SIDE, STRIDE, BOX_UNIT = 160, 4, 16.0
GRAINY, BLANK = 0.3, 0.3  # shares of pages with grain, and of those without anything else
PAGES, DIGITS = 2000, 1200  # of a shard
FONTS = Path("/usr/share/fonts/truetype")  # of Debian packages: letters are drawn, never digits
CENTRE, CLASSES, SIDES = slice(0, 1), slice(1, 11), slice(11, 15)


class Block(nn.Module):
    """Convolution 3x3, batch normalization and ReLU; optionally residual."""

    def __init__(self, inputs, outputs, stride=1, dilation=1, residual=False):
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, 3, stride, dilation, dilation, bias=False)
        self.normalization = nn.BatchNorm2d(outputs)
        self.residual = residual

    def forward(self, x):
        """Return the activations."""
        y = self.normalization(self.convolution(x))
        return F.relu(x + y) if self.residual else F.relu(y)


class Detector(nn.Module):
    """Ink ``[n, 1, h, w]`` -> ``[n, 15, h / 4, w / 4]``: centre, ten classes, four sides."""

    def __init__(self, width=80):
        super().__init__()
        self.stem = nn.Sequential(Block(1, 16, 2), Block(16, 32, 2), Block(32, 32, residual=True))
        self.deep = nn.Sequential(
            Block(32, width, 2),
            *(Block(width, width, 1, d, residual=True) for d in (1, 2, 4, 2, 1)),
        )
        self.up = nn.Conv2d(width, 48, 1)
        self.skip = nn.Conv2d(32, 48, 1)
        self.head = Block(48, 64)
        self.out = nn.Conv2d(64, 15, 1)
        nn.init.constant_(self.out.bias[0], -4.0)

    def forward(self, x):
        """Return the maps of one batch."""
        fine = self.stem(x)
        coarse = F.interpolate(self.up(self.deep(fine)), scale_factor=2.0, mode="nearest")
        return self.out(self.head(F.relu(coarse + self.skip(fine))))


def make_shard(path, seed, split):
    """Draw pages and save their levelled ink and digits."""
    if path.exists():
        return
    data = getattr(tenfold.load("mnist"), split)
    generator = np.random.default_rng(seed)
    chosen = generator.permutation(len(data))[:DIGITS]
    digits = Digits(data.images[chosen], data.labels[chosen], seed)
    fonts = sorted(map(str, FONTS.glob("*/*.ttf")))
    pages = [draw_page(generator, digits, SIDE, SIDE, fonts) for _ in range(PAGES)]
    ink = [level(page.pixels.astype(np.float32) / 255) for page in pages]
    scaled = 255 * (np.stack(ink) - LOWEST) / (HIGHEST - LOWEST)
    count, ignored = [len(page.labels) for page in pages], [len(page.ignored) for page in pages]
    with atomic_path(path) as part, part.open("wb") as file:
        np.savez(
            file,
            ink=scaled.round().astype(np.uint8),
            boxes=np.concatenate([page.boxes for page in pages]),
            labels=np.concatenate([page.labels for page in pages]),
            ignored=np.concatenate([page.ignored for page in pages]),
            count=count,
            ignored_count=ignored,
        )


class Shards:
    """The pages drawn so far."""

    def __init__(self, folder, split):
        self.folder, self.split, self.paths = folder, split, []
        self.ink, self.boxes, self.labels, self.ignored = [], [], [], []

    def refresh(self):
        """Load shards that were finished since."""
        for path in sorted(self.folder.glob(f"{self.split}-*.npz")):
            if path not in self.paths:
                with np.load(path) as shard:
                    ends = np.cumsum(shard["count"])[:-1]
                    self.ink.append(shard["ink"])
                    self.boxes += np.split(shard["boxes"], ends)
                    self.labels += np.split(shard["labels"], ends)
                    self.ignored += np.split(
                        shard["ignored"], np.cumsum(shard["ignored_count"])[:-1]
                    )
                self.paths.append(path)

    def __len__(self):
        return len(self.labels)

    def batch(self, indices, generator=None):
        """Return ink and targets of pages; with a generator, gain and offset vary."""
        ink = np.stack([self.ink[i // PAGES][i % PAGES] for i in indices]).astype(np.float32)
        ink = ink / 255 * (HIGHEST - LOWEST) + LOWEST
        boxes = [self.boxes[i] for i in indices]
        if generator is not None:
            gain = np.exp(generator.normal(0, 0.35, (len(ink), 1, 1)))
            ink = ink * gain
            for i in np.flatnonzero(generator.random(len(ink)) < GRAINY):
                grain = grain_of_paper(generator, ink[i].shape)
                if generator.random() < BLANK:
                    ink[i], boxes[i] = generator.uniform(0.2, 0.45) * grain, boxes[i][:0]
                else:
                    ink[i] += generator.uniform(0, 0.15) * grain
            ink = np.clip(ink, LOWEST, HIGHEST).astype(np.float32)
        targets = [
            targets_of(page, self.labels[i], self.ignored[i])
            for page, i in zip(boxes, indices, strict=True)
        ]
        return torch.from_numpy(ink)[:, None], [
            torch.from_numpy(np.stack(t)) for t in zip(*targets, strict=True)
        ]


def grain_of_paper(generator, shape):
    """Return noise of standard deviation 1, with grains of up to some pixels."""
    noise = ndimage.gaussian_filter(generator.normal(0, 1, shape), generator.uniform(0, 2))
    return noise / noise.std()


def targets_of(boxes, labels, ignored):
    """Return heat [h, w], weight of background, class, sides [4, h, w], weight of class and box."""
    cells = SIDE // STRIDE
    heat, background = np.zeros((cells, cells), np.float32), np.ones((cells, cells), np.float32)
    classes, weight = np.zeros((cells, cells), np.int64), np.zeros((cells, cells), np.float32)
    sides = np.zeros((4, cells, cells), np.float32)
    y, x = (np.mgrid[:cells, :cells] + 0.5) * STRIDE
    for left, top, right, bottom in ignored:
        inside = (x > left) & (x < right) & (y > top) & (y < bottom)
        background[inside] = 0
    for (left, top, right, bottom), label in zip(boxes, labels, strict=False):
        row = min(int((top + bottom) / 2 / STRIDE), cells - 1)
        column = min(int((left + right) / 2 / STRIDE), cells - 1)
        spread = max(0.16 * np.sqrt(max(right - left, 8) * (bottom - top)), 2.5)
        bump = np.exp(-((x - x[row, column]) ** 2 + (y - y[row, column]) ** 2) / (2 * spread**2))
        heat = np.maximum(heat, bump)
        mine = (bump > 0.4) & (bump > weight)
        weight[mine], classes[mine] = bump[mine], label
        for side, distance in enumerate((x - left, y - top, right - x, bottom - y)):
            sides[side][mine] = distance[mine] / BOX_UNIT
    return heat, background, classes, sides, weight


def loss_of(output, targets):
    """Return the focal loss of centres, and the losses of classes and boxes."""
    heat, background, classes, sides, weight = targets
    logit = output[:, 0]
    p = torch.sigmoid(logit)
    is_centre = heat > 0.999
    positive = -((1 - p) ** 2) * F.logsigmoid(logit) * is_centre
    negative = -((1 - heat) ** 4) * p**2 * F.logsigmoid(-logit) * background * ~is_centre
    count = is_centre.sum().clamp(min=1)
    share = weight.sum().clamp(min=1)
    named = (F.cross_entropy(output[:, CLASSES], classes, reduction="none") * weight).sum() / share
    boxed = (F.l1_loss(output[:, SIDES], sides, reduction="none").mean(1) * weight).sum() / share
    return (positive + negative).sum() / count, named, boxed


def train(folder, steps, batch, rate, seed):
    """Train to a number of steps and return the averaged network; resumes from a checkpoint."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(seed)
    shards = Shards(folder, "train")
    network = Detector().to(memory_format=torch.channels_last)
    average = copy.deepcopy(network)
    optimizer = torch.optim.AdamW(network.parameters(), rate, weight_decay=1e-2)
    checkpoint, step, start = folder / "checkpoint.pt", 0, time.time()
    if checkpoint.exists():
        state = torch.load(checkpoint)
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        step = state["step"]
    sums = np.zeros(3)
    while step < steps:
        if step % 200 == 0:
            shards.refresh()
        progress = step / steps
        cosine = 0.5 * (1 + math.cos(math.pi * progress)) + 0.002
        now = rate * min(1, (step + 1) / 300) * cosine
        for group in optimizer.param_groups:
            group["lr"] = now
        generator = np.random.default_rng((seed, step))
        ink, targets = shards.batch(generator.integers(0, len(shards), batch), generator)
        losses = loss_of(network(ink.contiguous(memory_format=torch.channels_last)), targets)
        optimizer.zero_grad()
        (losses[0] + losses[1] + losses[2]).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        step += 1
        decay = min(0.998, step / (step + 50))
        with torch.no_grad():
            for mean, value in zip(
                average.state_dict().values(), network.state_dict().values(), strict=True
            ):
                mean.copy_(
                    mean * decay + value * (1 - decay) if mean.is_floating_point() else value
                )
        sums += [float(loss.detach()) for loss in losses]
        if step % 100 == 0:
            print(
                step, len(shards), (sums / 100).round(4), f"{time.time() - start:.0f} s", flush=True
            )
            sums[:] = 0
        if step % 500 == 0 or step == steps:
            with atomic_path(checkpoint) as part:
                torch.save(
                    {
                        "network": network.state_dict(),
                        "average": average.state_dict(),
                        "optimizer": optimizer.state_dict(),
                        "step": step,
                    },
                    part,
                )
    return average.eval()


def calibrate(network, shards):
    """Scale the logits of centres and classes so that both are calibrated on validation pages.

    Candidates are the peaks of the centre map. One is right if the centre of a digit is at most two
    cells away. The scales become part of the last layer's weights.

    Returns:
        The score from which most candidates are right and most digits are found (F1).
    """
    centres, right, named, true, total = [], [], [], [], 0
    for start in range(0, len(shards), 50):
        ink, targets = shards.batch(range(start, min(start + 50, len(shards))))
        heat, background, classes, _, weight = targets
        with torch.no_grad():
            output = network(ink)
        logit = output[:, 0]
        highest = F.max_pool2d(logit[:, None], 3, 1, 1)[:, 0]
        peak = (logit == highest) & (torch.sigmoid(logit) > 0.02)
        near = F.max_pool2d((heat > 0.999).float()[:, None], 5, 1, 2)[:, 0] > 0
        counted = peak & ((background > 0) | near)
        centres.append(logit[counted])
        right.append(near[counted].float())
        hits = peak & (weight > 0.4)
        named.append(output.permute(0, 2, 3, 1)[..., CLASSES][hits])
        true.append(classes[hits])
        total += int((heat > 0.999).sum())
    centres, right = torch.cat(centres), torch.cat(right)
    named, true = torch.cat(named), torch.cat(true)
    scale, shift, sharpness = (torch.tensor(v, requires_grad=True) for v in (1.0, 0.0, 1.0))
    optimizer = torch.optim.LBFGS([scale, shift, sharpness], max_iter=100)

    def closure():
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(scale * centres + shift, right)
        loss = loss + F.cross_entropy(sharpness * named, true)
        loss.backward()
        return loss

    optimizer.step(closure)
    with torch.no_grad():
        network.out.weight[CENTRE] *= scale
        network.out.bias[CENTRE] = network.out.bias[CENTRE] * scale + shift
        network.out.weight[CLASSES] *= sharpness
        network.out.bias[CLASSES] *= sharpness
    scale, shift, sharpness = (value.detach() for value in (scale, shift, sharpness))
    scores = torch.sigmoid(scale * centres + shift)
    order = torch.argsort(-scores)
    hits = right[order].cumsum(0)
    f1 = 2 * hits / (torch.arange(1, len(hits) + 1) + total)
    best = int(f1.argmax())
    threshold = float(scores[order][best])
    print(
        f"centres {len(centres)}, digits {total}, class accuracy "
        f"{float((named.argmax(1) == true).float().mean()):.4f}, F1 {float(f1[best]):.4f} at "
        f"{threshold:.3f}; scale {float(scale):.3f}, shift {float(shift):.3f}, "
        f"sharpness {float(sharpness):.3f}"
    )
    return threshold


def to_onnx(network):
    """Return the network as an ONNX model, batch normalization folded into the convolutions."""
    nodes, weights = [], []

    def constant(name, values):
        weights.append(numpy_helper.from_array(values.detach().numpy(), name))
        return name

    def op(kind, *inputs, **attributes):
        output = f"{kind}_{len(nodes)}"
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def convolve(x, layer):
        size, padding = layer.kernel_size[0], layer.padding[0]
        name = f"convolution_{len(nodes)}"
        return op(
            "Conv",
            x,
            constant(f"{name}/kernel", layer.weight),
            constant(f"{name}/bias", layer.bias),
            kernel_shape=[size, size],
            strides=list(layer.stride),
            pads=4 * [padding],
            dilations=list(layer.dilation),
        )

    def block(x, layer):
        folded = fuse_conv_bn_eval(layer.convolution, layer.normalization)
        y = convolve(x, folded)
        return op("Relu", op("Add", x, y) if layer.residual else y)

    fine = "ink"
    for layer in network.stem:
        fine = block(fine, layer)
    coarse = fine
    for layer in network.deep:
        coarse = block(coarse, layer)
    coarse = op(
        "Resize",
        convolve(coarse, network.up),
        "",
        constant("scales", torch.tensor([1.0, 1, 2, 2])),
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )
    both = op("Relu", op("Add", coarse, convolve(fine, network.skip)))
    output = convolve(block(both, network.head), network.out)
    graph = helper.make_graph(
        [*nodes, helper.make_node("Identity", [output], ["digits"])],
        "detector",
        [helper.make_tensor_value_info("ink", TensorProto.FLOAT, [1, 1, "height", "width"])],
        [helper.make_tensor_value_info("digits", TensorProto.FLOAT, [1, 15, "rows", "columns"])],
        weights,
    )
    return as_model(graph)


def main():
    """Draw pages, then train."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=TARGET)
    parser.add_argument("--shards", type=int, default=40)
    parser.add_argument("--steps", type=int, default=16000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--only-pages", action="store_true")
    parser.add_argument("--only-train", action="store_true")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    if not options.only_train:
        jobs = [(options.folder / "validation-000.npz", 9001, "validation")]
        jobs += [(options.folder / f"train-{i:03}.npz", i, "train") for i in range(options.shards)]
        with ProcessPoolExecutor(options.processes) as pool:
            list(pool.map(make_shard, *zip(*jobs, strict=True)))
    if not options.only_pages:
        network = train(options.folder, options.steps, options.batch, options.rate, options.seed)
        validation = Shards(options.folder, "validation")
        validation.refresh()
        threshold = calibrate(network, validation)
        with atomic_path(options.out) as part:
            part.write_bytes(to_onnx(network).SerializeToString())
        print(json.dumps({**vars(options), "threshold": threshold}, default=str))


if __name__ == "__main__":
    main()
