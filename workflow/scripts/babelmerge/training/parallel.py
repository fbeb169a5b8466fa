"""The processes of one training run: one, or as many as torchrun started.

Each computes its share of a step's rows; gradients are sums over the step, so adding them up is
all there is to it. No model wrapper: parameters keep their names.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import distributed


@dataclass(frozen=True)
class World:
    """This process's rank among `size`, and its device."""

    rank: int
    size: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Whether this process writes and logs."""
        return self.rank == 0

    def wait(self) -> None:
        if self.size > 1:
            distributed.barrier()

    def total(self, value: torch.Tensor) -> torch.Tensor:
        """Sum of a tensor over the processes, in place."""
        if self.size > 1:
            distributed.all_reduce(value)
        return value

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Sum each gradient over the processes; a process that had no rows adds zeros."""
        if self.size == 1:
            return
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            distributed.all_reduce(parameter.grad)


def join() -> World:
    """The world that torchrun's environment describes, or a world of one."""
    size, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    local = int(os.environ.get("LOCAL_RANK", 0))
    cuda = torch.cuda.is_available()
    if cuda:
        torch.cuda.set_device(local)
    if size > 1 and not distributed.is_initialized():
        distributed.init_process_group("nccl" if cuda else "gloo")
    return World(rank, size, torch.device("cuda", local) if cuda else torch.device("cpu"))
