"""Services of the page, and browsers that visit them."""

import re
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from browsing import DESKTOP, watched_page

import tenfold


def serving(*arguments):
    """A service in a process of its own, and its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tenfold", "serve", *map(str, arguments), "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stderr:
        found = re.search(r"http://[\w.:]+", line)
        if found:
            return process, found[0]
    raise AssertionError(f"the service ended with {process.wait()}")


@pytest.fixture(scope="session")
def reader(tmp_path_factory):
    """The address of a service with the reader that comes with tenfold."""
    process, address = serving("--samples", tmp_path_factory.mktemp("reader") / "samples")
    yield address
    process.terminate()
    assert process.wait(20) == 0


@pytest.fixture(scope="session")
def trained(few_file, tmp_path_factory):
    """The address of a service with a small run, which retrains in seconds."""
    folder = tmp_path_factory.mktemp("trained")
    tenfold.train("logistic", tenfold.load(few_file), out=folder / "run", verbose=False)
    process, address = serving(folder / "run", "--samples", folder / "samples")
    yield address
    process.terminate()
    assert process.wait(20) == 0


@pytest.fixture
def visit(browser):
    """Open a service's page. It must neither complain nor ask for anything elsewhere."""
    visits = []

    def go(address, **settings):
        context = browser.new_context(**{"viewport": DESKTOP, **settings})
        page = watched_page(context, address)
        visits.append((address, context, page))
        page.wait_for_selector("html[data-ready]")
        return page

    yield go
    for address, context, page in visits:
        context.close()
        assert page.complaints == []
        places = {f"{url.scheme}://{url.netloc}" for url in map(urlsplit, page.requests)}
        assert places <= {address, "data://", "blob://"}
