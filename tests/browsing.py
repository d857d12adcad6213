"""Pages under test, with their console messages and requests."""

import shutil

import pytest

CHROMIUM = shutil.which("chromium")
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
PATIENCE = 60_000  # milliseconds; a test must not fail because the machine is busy

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium")


def watched_page(context, address):
    """Open a page; it has lists of its console messages and errors, and of requested addresses."""
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.complaints, page.requests = [], []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda request: page.requests.append(request.url))
    page.goto(address)
    return page
