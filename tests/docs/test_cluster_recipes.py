"""The recipes for clusters can be parsed, and their commands are those of tenfold."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import typer.main

from tenfold.cli.app import app
from tenfold.cli.scale_options import with_ray_address

FOLDER = Path(__file__).parents[2] / "docs" / "cluster"
SCRIPTS = sorted(FOLDER.glob("*.sbatch"))


def assert_parsed(command):
    """Parse the options of a command line, without running it."""
    program, name, *arguments = shlex.split(command)
    assert program == "tenfold"
    click_command = typer.main.get_command(app).commands[name]
    click_command.make_context(name, with_ray_address(arguments))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_slurm_script_can_be_parsed(script):
    subprocess.run(["bash", "-n", script], check=True)
    text = script.read_text()
    assert text.startswith("#!/bin/bash\n#SBATCH ")
    joined = text.replace("\\\n", " ")
    assert_parsed(re.search(r"^.*?(tenfold study .*)$", joined, re.M).group(1))


def test_the_ray_job_has_the_fields_of_kuberay():
    yaml = pytest.importorskip("yaml")
    (job,) = yaml.safe_load_all((FOLDER / "score-rayjob.yaml").read_text())
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    assert set(job["spec"]) <= {
        "entrypoint",
        "shutdownAfterJobFinishes",
        "backoffLimit",
        "rayClusterSpec",
    }
    assert_parsed(job["spec"]["entrypoint"])
    cluster = job["spec"]["rayClusterSpec"]
    workers = cluster["workerGroupSpecs"]
    for group in (cluster["headGroupSpec"], *workers):
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
        (container,) = group["template"]["spec"]["containers"]
        assert {"name", "image", "resources"} <= set(container)
    for group in workers:
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]
        assert group["groupName"]
