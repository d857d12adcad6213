"""Services that the tests share, and browsers that visit them."""

import re
import subprocess
import sys
from urllib.parse import urlsplit

import numpy as np
import pytest
from browsing import DESKTOP, watched_page
from serving import encode
from serving import serving as service_process

import tenfold


def serving(*arguments, cwd=None):
    """Start a service in a subprocess; returns the process and the address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tenfold", "serve", *map(str, arguments), "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
    )
    for line in process.stderr:
        match = re.search(r"http://[\w.:]+", line)
        if match:
            return process, match[0]
    raise AssertionError(f"the service ended with {process.wait()}")


@pytest.fixture(scope="session")
def reader(tmp_path_factory):
    """The address of a service with the packaged reader."""
    process, address = serving("--samples", tmp_path_factory.mktemp("reader") / "samples")
    yield address
    process.terminate()
    assert process.wait(20) == 0


@pytest.fixture(scope="session")
def trained(few_file, tmp_path_factory):
    """The address of a service with a small run, which retrains in seconds."""
    folder = tmp_path_factory.mktemp("trained")
    tenfold.train("logistic", tenfold.load(few_file), out=folder / "run", verbose=False)
    process, address = serving(folder / "run", "--samples", folder / "samples", cwd=folder)
    yield address
    process.terminate()
    assert process.wait(20) == 0


@pytest.fixture
def visit(browser):
    """Open a service's page. It must log no messages and request nothing from other hosts."""
    visits = []

    def go(address, first=False, **settings):
        visited = [] if first else [{"name": "visited", "value": "yes"}]
        state = {"origins": [{"origin": address, "localStorage": visited}]}
        context = browser.new_context(**{"viewport": DESKTOP, "storage_state": state, **settings})
        page = watched_page(context, address)
        visits.append((address, context, page))
        page.wait_for_selector("html[data-ready]")
        return page

    yield go
    for address, context, page in visits:
        context.close()
        # Busy services answer 503 and 504, and the page tries again.
        assert [each for each in page.complaints if not re.search("status of 50[34]", each)] == []
        hosts = {f"{url.scheme}://{url.netloc}" for url in map(urlsplit, page.requests)}
        assert hosts <= {address, "data://", "blob://"}


@pytest.fixture(scope="session")
def digits(mnist):
    return mnist.validation[:12]


@pytest.fixture
def photo(digits):
    row = np.concatenate(list(np.pad(digits.images[:4], ((0, 0), (8, 8), (8, 8)))), axis=1)
    return encode(255 - row)


@pytest.fixture(scope="session")
def service(tmp_path_factory):
    with service_process(tmp_path_factory.mktemp("served") / "samples") as service:
        yield service
    assert service.process.returncode == 0
    assert "Traceback" not in service.text


@pytest.fixture(scope="session")
def attacked(tmp_path_factory):
    """A service that must survive everything that is sent to it."""
    with service_process(tmp_path_factory.mktemp("attacked") / "samples") as service:
        yield service
        assert service.json("GET", "/healthz") == (200, {"status": "ok"})
    assert service.process.returncode == 0
    assert "Traceback" not in service.text


@pytest.fixture(scope="session")
def run(few_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    return tenfold.train("logistic", tenfold.load(few_file), out=folder, verbose=False)
