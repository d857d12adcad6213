"""What a benchmark ran on."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")


def machine() -> dict:
    """Describe the machine and the moment, so that two reports can be told apart."""
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
    if CPU_INFO.exists():
        for line in CPU_INFO.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def supports_bfloat16() -> bool:
    """Return whether the CPU has bfloat16 instructions (x86-64 or arm64, Linux only)."""
    flags = set(CPU_INFO.read_text().split()) if CPU_INFO.exists() else set()
    return bool(flags & {"avx512_bf16", "amx_bf16", "bf16"})


def commit() -> str | None:
    command = ["git", "-C", Path(__file__).parent, "rev-parse", "--short", "--verify", "HEAD"]
    try:
        completed = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return completed.stdout.strip()
