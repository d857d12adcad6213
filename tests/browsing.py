"""Pages under test: what they complain of, and what they ask for."""

import shutil

import pytest

CHROMIUM = shutil.which("chromium")
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
PATIENCE = 60_000  # milliseconds: a busy machine is no failure

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium")


def watched_page(context, address):
    """A page at an address, with lists of its complaints and of the addresses it asked for."""
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.complaints, page.requests = [], []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda request: page.requests.append(request.url))
    page.goto(address)
    return page
