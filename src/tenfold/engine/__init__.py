"""Training: whole epochs as one compiled program, for one network or for many at once."""

from tenfold.engine.device_data import DeviceData
from tenfold.engine.ensemble import build_networks
from tenfold.engine.epoch import run_epoch
from tenfold.engine.fit import fit
from tenfold.engine.inference import Forward, Probabilities, require_probabilities
from tenfold.engine.muon import Muon
from tenfold.engine.program import Program
from tenfold.engine.state import State, initial_state, read_state, unstack_state, write_state

__all__ = [
    "DeviceData",
    "Forward",
    "Muon",
    "Probabilities",
    "Program",
    "State",
    "build_networks",
    "fit",
    "initial_state",
    "read_state",
    "require_probabilities",
    "run_epoch",
    "unstack_state",
    "write_state",
]
