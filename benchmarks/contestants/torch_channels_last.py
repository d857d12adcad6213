"""The PyTorch loop with images and weights in the layout channels last."""

import torch

from contestants import torch_loop

if __name__ == "__main__":
    build = torch_loop.build
    torch_loop.build = lambda workload: build(workload).to(memory_format=torch.channels_last)
    torch_loop.main()
