"""Virtual environments of the peers, made on first use and checked on every later one."""

import json
import subprocess
import sys
from pathlib import Path

LIST_VERSIONS = """
import importlib.metadata, json
print(json.dumps({d.name.lower(): d.version for d in importlib.metadata.distributions()}))
"""


def installed_versions(python: Path) -> dict[str, str]:
    """List what an environment holds, without builds' suffixes such as `+cpu`; empty if none."""
    try:
        done = subprocess.run(
            [python, "-c", LIST_VERSIONS], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return {}
    return {name: found.split("+")[0] for name, found in json.loads(done.stdout).items()}


def environment(folder: Path, pins: dict[str, str]) -> Path:
    """Give the Python of an environment that holds exactly the pinned packages.

    Making one takes minutes and a package index; pip's own settings say which.
    """
    python = folder / "bin" / "python"
    found = installed_versions(python)
    if all(found.get(name) == wanted for name, wanted in pins.items()):
        return python
    print(f"making {folder} ...", file=sys.stderr)
    if not found:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    wanted = [f"{name}=={version}" for name, version in pins.items()]
    subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=True)
    return python
