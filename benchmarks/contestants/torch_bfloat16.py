"""The PyTorch loop with `torch.autocast` to bfloat16, channels last; weights stay float32."""

import torch
from torch import nn

from contestants import torch_loop


class Autocast(nn.Module):
    """A network that computes in bfloat16 where autocast does, and returns float32."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits of images."""
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return self.network(images).float()


if __name__ == "__main__":
    build = torch_loop.build
    torch_loop.build = lambda workload: Autocast(build(workload)).to(
        memory_format=torch.channels_last
    )
    torch_loop.main()
