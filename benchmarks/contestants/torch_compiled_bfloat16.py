"""The PyTorch loop with `torch.autocast` to bfloat16, its network compiled by `torch.compile`."""

import torch

from contestants import torch_loop
from contestants.torch_bfloat16 import Autocast

if __name__ == "__main__":
    build = torch_loop.build
    torch_loop.build = lambda workload: torch.compile(Autocast(build(workload)))
    torch_loop.main()
