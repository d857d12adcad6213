"""The view Train: knobs from the address, live curves, the network that answers, stop."""

from browsing import needs_browser
from drawing_on_page import draw, expecting


@needs_browser
def test_a_training_is_started_watched_and_stopped(trained, visit):
    page = visit(trained)
    page.evaluate("location.hash = 'train?recipe=logistic&hidden=512&epochs=900'")
    expecting(page.locator("#knob-hidden")).to_have_value("512")
    expecting(page.locator("#knob-activation")).to_have_value("relu")
    page.fill("#knob-epochs", "1000")
    assert page.evaluate("location.hash") == "#train?recipe=logistic&hidden=512&epochs=1000"
    page.fill("#knob-dropout", "1.5")
    page.click("#train-start")
    expecting(page.locator("#error")).to_contain_text(
        "dropout: 1.5; give numbers from 0 to under 1"
    )
    page.complaints.clear()  # the response 422
    page.fill("#knob-dropout", "0")
    page.click("#train-start")
    expecting(page.locator("#error")).to_be_hidden()
    expecting(page.locator("#train-curves svg")).to_have_count(2)
    expecting(page.locator("#train-status")).to_contain_text("of 1,000 epochs done, about")
    page.reload()
    expecting(page.locator("#train-status")).to_contain_text("of 1,000 epochs done")
    expecting(page.locator("#knob-hidden")).to_have_value("512")
    expecting(page.locator("#answering")).to_contain_text("logistic, still training")
    page.click("nav a[href='#draw']")
    draw(page, "3")
    expecting(page.locator("#confidence")).to_contain_text("%")
    before = page.inner_text("#probabilities")
    expecting(page.locator("#probabilities")).not_to_have_text(before)  # it learns on
    page.click("nav a[href='#train']")
    page.click("#train-stop")
    expecting(page.locator("#train-status")).to_contain_text("Stopped after")
    expecting(page.locator("#answering")).to_have_text("run, version 0")
