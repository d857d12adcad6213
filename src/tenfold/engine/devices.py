"""Several devices: networks divided among them, or the images of each step of one network."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cached_property, partial
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

_AXIS = "shards"
Spec: Any = PartitionSpec


class Devices:
    """The devices of a program.

    Args:
        networks: number of networks, which is divided evenly among as many devices as possible;
            None for one network, whose steps are divided by images.
    """

    def __init__(self, networks: int | None) -> None:
        present = jax.local_device_count()
        dividers = [d for d in range(1, present + 1) if (networks or present) % d == 0]
        self.count = max(dividers)
        self._networks = networks

    @property
    def are_several(self) -> bool:
        """Whether there is anything to divide."""
        return self.count > 1

    @cached_property
    def _mesh(self) -> Mesh:
        return Mesh(np.array(jax.local_devices()[: self.count]), (_AXIS,))

    def divided(self, function: Callable[..., Any], rows: Collection[int]) -> Callable[..., Any]:
        """Return a function of several networks that computes on each device for its networks.

        Args:
            function: with the keyword argument ``size``; its results have a leading axis.
            rows: numbers of the arguments that have a leading axis of the networks.
        """
        if not self.are_several or self._networks is None:
            return function

        def mapped(*arguments: Any, size: int) -> Any:
            specs = tuple(Spec(_AXIS) if i in rows else Spec() for i in range(len(arguments)))
            on_each = jax.shard_map(
                partial(function, size=size),
                mesh=self._mesh,
                in_specs=specs,
                out_specs=Spec(_AXIS),
                check_vma=False,
            )
            return on_each(*arguments)

        return mapped

    def split(self, batch: Any) -> Any:
        """Divide the images of a step of one network, within a program; results stay the same."""
        leaves = jax.tree.leaves(batch)
        if not self.are_several or self._networks is not None or len(leaves[0]) % self.count:
            return batch
        place = NamedSharding(self._mesh, Spec(_AXIS))
        return jax.tree.map(lambda values: jax.lax.with_sharding_constraint(values, place), batch)

    def copied(self, arrays: Any) -> Any:
        """Put arrays that all devices need on each of them."""
        return self._put(arrays, Spec())

    def placed(self, state: Any) -> Any:
        """Put the arrays of a state where the networks are trained."""
        return self._put(state, Spec() if self._networks is None else Spec(_AXIS))

    def _put(self, arrays: Any, spec: Any) -> Any:
        return (
            jax.device_put(arrays, NamedSharding(self._mesh, spec)) if self.are_several else arrays
        )
