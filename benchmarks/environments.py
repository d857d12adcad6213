"""Virtual environments of the peers, made on first use and checked on every later one."""

import json
import os
import subprocess
import sys
from pathlib import Path

LIST_VERSIONS = """
import importlib.metadata, json
print(json.dumps({d.name.lower(): d.version for d in importlib.metadata.distributions()}))
"""


def run(command: list[str | Path], **more: object) -> subprocess.CompletedProcess[str]:
    """Run a command that must succeed, blind to this process's PYTHONPATH."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(command, check=True, text=True, env=variables, **more)


def installed_versions(python: Path) -> dict[str, str]:
    """List what an environment holds, without builds' suffixes such as `+cpu`; empty if none."""
    try:
        done = run([python, "-c", LIST_VERSIONS], capture_output=True)
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
    wanted = [f"{name}=={version}" for name, version in pins.items()]
    try:
        if not found:
            run([sys.executable, "-m", "venv", folder])
        run([python, "-m", "pip", "install", "--quiet", *wanted])
    except subprocess.CalledProcessError:
        sys.exit(f"{folder}: {' '.join(wanted)} could not be installed; pip's reasons are above")
    return python
