"""PyTorch's own example network for MNIST (pytorch/examples, mnist/main.py), epoch by epoch.

Network, loss, optimizer, schedule and batch size are the example's. Its DataLoader is left out:
the images are tensors in memory, indexed by a random order, which is faster.
"""

import time

import torch
from torch import nn

from contestants.jobs import Job

BATCH, RATE, DECAY = 64, 1.0, 0.7
MEAN, DEVIATION = 0.1307, 0.3081  # of MNIST's pixels, as in the example


def network() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.25),
        nn.Flatten(),
        nn.Linear(9216, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, 10),
    )


def tensors(job: Job, split: str) -> tuple[torch.Tensor, torch.Tensor]:
    images, labels = (torch.from_numpy(array) for array in job.arrays(split))
    return ((images.float() / 255 - MEAN) / DEVIATION)[:, None], labels.long()


def train_epoch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    images: torch.Tensor,
    labels: torch.Tensor,
) -> None:
    model.train()
    for batch in torch.randperm(len(images)).split(BATCH):
        optimizer.zero_grad()
        logits = model(images.index_select(0, batch))
        nn.functional.cross_entropy(logits, labels.index_select(0, batch)).backward()
        optimizer.step()


@torch.inference_mode()
def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    model.eval()
    parts = zip(images.split(1000), labels.split(1000), strict=True)
    return sum(int((model(x).argmax(1) == y).sum()) for x, y in parts) / len(labels)


def main() -> None:
    job = Job.read()
    if not job.epochs:
        return job.print_result("torch")
    train, test = (tensors(job, split) for split in ("train", "test"))
    torch.manual_seed(job.seed)
    model = network()
    optimizer = torch.optim.Adadelta(model.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=DECAY)
    reached: list[tuple[float, float]] = []
    while len(reached) < job.epochs and (not reached or reached[-1][1] < job.enough):
        train_epoch(model, optimizer, *train)
        schedule.step()
        score = accuracy(model, *test)
        reached.append((time.time() - job.started, score))
    return job.print_result("torch", reached=reached)


if __name__ == "__main__":
    main()
