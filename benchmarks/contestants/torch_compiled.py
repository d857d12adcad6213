"""The PyTorch loop with its network compiled by `torch.compile`."""

import torch

from contestants import torch_loop

if __name__ == "__main__":
    build = torch_loop.build
    torch_loop.build = lambda workload: torch.compile(build(workload))
    torch_loop.main()
