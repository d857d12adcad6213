"""Compiled training: whole epochs as one program, for one network or several at once.

- ``ensemble``, ``compile``: build and compile the Keras models of a recipe
- ``program``, ``steps``, ``state``: the compiled program, its traced steps and its arrays
- ``randomness``: the order of the images of an epoch, and its keys
- ``epoch``: the epoch driver that every training shares
- ``device_data``, ``inputs``: images on the device, adapted to the model; ``devices``: several
- ``pixels``, ``pixel_range``: the range of pixels that a network expects
- ``geometry``, ``losses``: images in the shape of its input, labels in the encoding of its loss
- ``fit_data``, ``arrays``, ``callbacks``, ``tensorboard_summary``: what ``fit`` takes and calls
- ``fit``, ``cross_validation``: trainings of one model, and of one network per fold
- ``inference``, ``views``, ``activations``: outputs and probabilities of trained networks, of each
  layer too
- ``averaging``, ``distillation``: averages of weights, and soft targets of a teacher
- ``muon``: an optimizer for kernels of convolutions
- ``xla``: compiler options and known bugs
- ``cpu``: lowering rules, fusion and compiled kernels
"""

from tenfold.engine.averaging import recompute_statistics
from tenfold.engine.device_data import DeviceData
from tenfold.engine.ensemble import build_networks
from tenfold.engine.epoch import run_epoch
from tenfold.engine.fit import fit
from tenfold.engine.fit_data import recipe_weights
from tenfold.engine.inference import Forward, Probabilities, require_probabilities
from tenfold.engine.muon import Muon
from tenfold.engine.pixel_range import PixelRange
from tenfold.engine.pixels import resolve_pixels
from tenfold.engine.program import Program
from tenfold.engine.state import State, initial_state, read_state, unstack_state, write_state

__all__ = [
    "DeviceData",
    "Forward",
    "Muon",
    "PixelRange",
    "Probabilities",
    "Program",
    "State",
    "build_networks",
    "fit",
    "initial_state",
    "read_state",
    "recipe_weights",
    "recompute_statistics",
    "require_probabilities",
    "resolve_pixels",
    "run_epoch",
    "unstack_state",
    "write_state",
]
