"""Failures of a training as one-line errors that say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jax

from tenfold.core.errors import InputError
from tenfold.networks.recipes import Recipe
from tenfold.runs.layout import resume_command


@contextmanager
def explain_out_of_memory() -> Iterator[None]:
    """Report that a training does not fit into memory.

    Raises:
        InputError: it does not.
    """
    try:
        yield
    except (jax.errors.JaxRuntimeError, MemoryError) as error:
        if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
            raise InputError(
                "not enough memory for this training; use fewer seeds, a smaller network or a "
                "smaller batch size"
            ) from error
        raise


@contextmanager
def explain_incompatible_recipe(recipe: Recipe) -> Iterator[None]:
    """Report errors of Keras and JAX while a recipe's network is built and compiled.

    Raises:
        InputError: network, loss and optimizer cannot be combined.
    """
    try:
        yield
    except InputError:
        raise
    except (ValueError, TypeError, NotImplementedError) as error:
        reason = " ".join(str(error).split())[:300]
        raise InputError(
            f"recipe {recipe.name}: network, loss and optimizer cannot be combined ({reason})"
        ) from error


@contextmanager
def explain_write_error(folder: Path) -> Iterator[None]:
    """Report that the run folder cannot be written, with the command that resumes the run.

    Raises:
        InputError: a file cannot be written.
    """
    resume = f"then continue with {resume_command(folder)}"
    try:
        yield
    except OSError as error:
        reason = f"{error.filename or folder}: {error.strerror or error}"
        raise InputError(f"cannot write {reason}; {resume}") from error
    except InputError as error:
        raise InputError(f"{error}; {resume}") from error
