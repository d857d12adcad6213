"""A hand-written PyTorch loop: the data as tensors in memory, indexed, no DataLoader."""

import time

import torch
from torch import nn

from contestants.jobs import Job
from contestants.workloads import (
    WORKLOADS,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool,
    Workload,
)

ACTIVATIONS = {"relu": nn.ReLU, "elu": nn.ELU, "sigmoid": nn.Sigmoid}


def torch_layers(layer: Layer, width: int) -> tuple[list[nn.Module], int]:
    """Return the modules of a layer and its output width."""
    match layer:
        case Dense(units, "softmax"):  # the loss takes logits
            return [nn.Linear(width, units)], units
        case Dense(units, activation):
            return [nn.Linear(width, units), ACTIVATIONS[activation]()], units
        case Dropout(rate):
            return [nn.Dropout(rate)], width
        case Convolution(filters):
            return [nn.Conv2d(width, filters, 3), nn.ReLU()], filters
        case MaxPool():
            return [nn.MaxPool2d(2)], width
        case Flatten():
            return [nn.Flatten()], width * 5 * 5  # 28 -> 26 -> 13 -> 11 -> 5


def build(workload: Workload) -> nn.Module:
    """Build the network with Keras's initial weights: Glorot-uniform kernels, zero biases."""
    modules: list[nn.Module] = []
    width = 784 if workload.is_dense else 1
    for layer in workload.layers:
        added, width = torch_layers(layer, width)
        modules += added
    for module in modules:
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
    return nn.Sequential(*modules)


def optimizer_for(workload: Workload, model: nn.Module) -> torch.optim.Optimizer:
    """Create the fastest form of the optimizer, with Keras's constants."""
    if workload.optimizer == "adam":
        return torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7, fused=True)
    return torch.optim.RMSprop(model.parameters(), lr=1e-3, alpha=0.9, eps=1e-7, foreach=True)


def tensors(workload: Workload, job: Job, split: str) -> tuple[torch.Tensor, torch.Tensor]:
    images, labels = (torch.from_numpy(array) for array in job.arrays(split))
    scaled = images.float() / 255
    return scaled.flatten(1) if workload.is_dense else scaled[:, None], labels.long()


def train_epoch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    images: torch.Tensor,
    labels: torch.Tensor,
    batch_size: int,
) -> tuple[float, float]:
    """Train on every image once, in random order; return the mean loss and the accuracy.

    They equal those of Keras's `fit`. Lists that are summed once add the least time to a step.
    """
    order = torch.randperm(len(images))
    batches = order.split(batch_size)
    losses, predictions = [], []
    for batch in batches:
        logits = model(images.index_select(0, batch))
        loss = nn.functional.cross_entropy(logits, labels.index_select(0, batch))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
        predictions.append(logits.detach().argmax(1))
    sizes = torch.tensor([len(batch) for batch in batches])
    mean_loss = (torch.stack(losses) * sizes).sum() / len(images)
    hits = torch.cat(predictions) == labels[order]
    return mean_loss.item(), hits.float().mean().item()


@torch.inference_mode()
def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    model.eval()
    hits = [
        (model(part).argmax(1) == target).sum()
        for part, target in zip(images.split(1000), labels.split(1000), strict=True)
    ]
    return sum(hits).item() / len(labels)


def main() -> None:
    job = Job.read()
    if not job.epochs:
        return job.print_result("torch")
    workload = WORKLOADS[job.network]
    train, test = (tensors(workload, job, split) for split in ("train", "test"))
    job.mark("data")
    torch.manual_seed(job.seed)
    model = build(workload)
    optimizer = optimizer_for(workload, model)
    seconds = []
    for _ in range(job.epochs):
        start = time.perf_counter()
        train_epoch(model, optimizer, *train, workload.batch_size)
        seconds.append(time.perf_counter() - start)
    job.mark("trained")
    score = accuracy(model, *test)
    job.mark("evaluated")
    return job.print_result(
        "torch",
        epoch_seconds=seconds,
        test_accuracy=score,
        parameters=sum(weights.numel() for weights in model.parameters()),
    )


if __name__ == "__main__":
    main()
