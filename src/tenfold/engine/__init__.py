"""Training: whole epochs as one compiled program, for one network or for many at once."""

from tenfold.engine.device_data import DeviceData
from tenfold.engine.ensemble import Forward, build_networks, make_program
from tenfold.engine.fit import fit
from tenfold.engine.muon import Muon
from tenfold.engine.program import Program
from tenfold.engine.state import State, read_state, unstack_state, write_state

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
