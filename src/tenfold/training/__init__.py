"""Training: whole epochs as one compiled program, for one network or for many at once."""

from tenfold.training.data import DeviceData
from tenfold.training.fit import fit
from tenfold.training.many import Forward, build_networks, make_program
from tenfold.training.muon import Muon
from tenfold.training.program import Program
from tenfold.training.state import State, read_state, unstack_state, write_state

__all__ = [
    "DeviceData",
    "Forward",
    "Muon",
    "Program",
    "State",
    "build_networks",
    "fit",
    "make_program",
    "read_state",
    "unstack_state",
    "write_state",
]
