"""Muon, for filters too."""

from __future__ import annotations

from typing import Any

from tenfold.core.backend import keras


@keras.saving.register_keras_serializable("tenfold")
class Muon(keras.optimizers.Muon):  # type: ignore[misc]
    """Keras's Muon, which also makes the updates of convolutions orthogonal.

    Muon replaces the momentum of a matrix by the nearest matrix with orthogonal rows or columns,
    so that all directions are learned equally fast. The filters of a convolution are a matrix too,
    ``[height * width * channels, filters]``, as in the method's source; Keras leaves them to Adam.
    Adam has what else there is: biases, normalisation, and the last kernel, which makes the
    classes.

    Source: Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024. An
    update has the size that Adam's has (Liu et al., "Muon is scalable for LLM training", 2025), so
    that one learning rate serves both.

    Args:
        *args: as of ``keras.optimizers.Muon``.
        **kwargs: the same.

    Example:
        >>> from tenfold.networks.recipes import recipe
        >>> recipe("conv").optimizer
        'muon'
    """

    def build(self, variables: list[Any]) -> None:
        """Make momenta, and second moments where Adam is to act."""
        kernels = [i for i, variable in enumerate(variables) if len(variable.shape) > 1]
        self._last_kernel = kernels[-1] if kernels else None
        super().build(variables)

    def _should_use_adamw(self, variable: Any) -> bool:
        shape = variable.shape
        is_matrix = len(shape) in (2, 4) and shape[-1] > 1
        return not is_matrix or self._get_variable_index(variable) == self._last_kernel

    def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
        """The nearest orthogonal update, in the shape of the kernel."""
        return keras.ops.reshape(super().zeropower_via_newtonschulz5(_matrix(x), steps), x.shape)

    def lr_adjust(self, x: Any) -> Any:
        """An update as large as Adam's, in the shape of the kernel."""
        return keras.ops.reshape(super().lr_adjust(_matrix(x)), x.shape)


def _matrix(kernel: Any) -> Any:
    return keras.ops.reshape(kernel, (-1, kernel.shape[-1]))
