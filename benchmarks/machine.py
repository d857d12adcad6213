"""What a benchmark ran on."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path


def machine() -> dict:
    """Describe the machine and the moment: enough to tell two reports apart."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "load": round(os.getloadavg()[0], 2),
        "commit": commit(),
    }


def processor() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def multiplies_bfloat16() -> bool:
    """Whether the processor has products of bfloat16 numbers, on x86-64 or arm64, under Linux."""
    listing = Path("/proc/cpuinfo")
    found = set(listing.read_text().split()) if listing.exists() else set()
    return bool(found & {"avx512_bf16", "amx_bf16", "bf16"})


def commit() -> str | None:
    asked = ["git", "-C", Path(__file__).parent, "rev-parse", "--short", "--verify", "HEAD"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
