"""Muon for dense and convolutional kernels.

``keras.optimizers.Muon`` updates matrices only, by decision of its authors
(https://github.com/keras-team/keras/pull/21885). The subclass overrides its private method
``_should_use_adamw`` and two public ones; ``tests/engine/test_muon.py`` compares it with the
method's formula, and fails if Keras updates convolutions itself.
"""

from __future__ import annotations

from typing import Any

from tenfold.core.backend import keras


@keras.saving.register_keras_serializable("tenfold")
class Muon(keras.optimizers.Muon):  # type: ignore[misc]
    """Keras's Muon, which also orthogonalizes the updates of convolution kernels.

    Muon replaces the momentum of a matrix by the nearest matrix with orthogonal rows or columns,
    so that all directions are learned equally fast. The kernel of a convolution is treated as a
    matrix ``[height * width * channels, filters]``, as in the paper; Keras updates it by Adam.
    Adam updates everything else: biases, normalization, and the kernel of the output layer.

    Source: Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024. The
    updates are scaled to the size of Adam's (Liu et al., "Muon is scalable for LLM training",
    2025), so that both share one learning rate.

    Args:
        *args: as of ``keras.optimizers.Muon``.
        **kwargs: the same.

    Example:
        >>> from tenfold.networks.recipes import recipe
        >>> recipe("conv").optimizer
        'muon'
    """

    def build(self, variables: list[Any]) -> None:
        """Create momenta, and second moments of the variables that Adam updates."""
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
        """The update scaled to the size of Adam's, in the shape of the kernel."""
        return keras.ops.reshape(super().lr_adjust(_matrix(x)), x.shape)


def _matrix(kernel: Any) -> Any:
    return keras.ops.reshape(kernel, (-1, kernel.shape[-1]))
