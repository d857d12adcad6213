"""Virtual environments of the peers, created on first use and checked on every later one."""

import json
import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path.home() / ".cache" / "tenfold-benchmarks"
"""Where environments, data and runs are, unless an option names another folder."""

LIST_VERSIONS = """
import importlib.metadata, json
print(json.dumps({d.name.lower(): d.version for d in importlib.metadata.distributions()}))
"""


def run(command: list[str | Path], **options: object) -> subprocess.CompletedProcess[str]:
    """Run a command that must succeed, without this process's PYTHONPATH."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(command, check=True, text=True, env=variables, **options)


def installed_versions(python: Path) -> dict[str, str]:
    """List the packages of an environment, without suffixes such as `+cpu`; empty if none."""
    try:
        completed = run([python, "-c", LIST_VERSIONS], capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return {}
    versions = json.loads(completed.stdout)
    return {name: version.split("+")[0] for name, version in versions.items()}


def environment(folder: Path, pins: dict[str, str]) -> Path:
    """Return the Python of an environment with exactly the pinned packages.

    Creating one takes minutes and a package index, which pip's own settings name.
    """
    python = folder / "bin" / "python"
    installed = installed_versions(python)
    if all(installed.get(name) == version for name, version in pins.items()):
        return python
    print(f"creating {folder} ...", file=sys.stderr)
    requirements = [f"{name}=={version}" for name, version in pins.items()]
    try:
        if not installed:
            run([sys.executable, "-m", "venv", folder])
        run([python, "-m", "pip", "install", "--quiet", *requirements])
    except subprocess.CalledProcessError:
        message = f"{folder}: {' '.join(requirements)} could not be installed"
        sys.exit(f"{message}; pip's messages are above")
    return python
