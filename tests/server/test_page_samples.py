"""The views Samples and Model: corrections, retraining and versions."""

from browsing import PATIENCE, needs_browser
from drawing_on_page import draw, expecting, reads


@needs_browser
def test_a_key_saves_a_sample_that_can_be_deleted(reader, visit):
    page = visit(reader)
    draw(page, "6", 1)
    reads(page, "6")
    page.keyboard.press("5")
    expecting(page.locator("#saved")).to_contain_text("Saved as 5; it was read as 6.")
    page.click("#keys button >> text=8")  # a new label replaces the sample
    expecting(page.locator("#saved")).to_contain_text("Saved as 8")
    expecting(page.locator("#sample-count")).to_have_text("1")
    pressed = page.locator("#keys [aria-pressed=true]")
    blue = page.evaluate(
        """() => {
          const sample = document.body.appendChild(document.createElement("i"));
          sample.style.background = "var(--blue)";
          const colour = getComputedStyle(sample).backgroundColor;
          sample.remove();
          return colour;
        }"""
    )
    expecting(pressed).to_have_css("background-color", blue)  # while hovered, too
    page.keyboard.press("u")
    expecting(page.locator("#sample-count")).to_be_hidden()
    page.keyboard.press("6")
    expecting(page.locator("#saved")).to_contain_text("Saved as another 6.")
    page.click("#keys button >> text=No digit")
    expecting(page.locator("#saved")).to_contain_text("Saved as no digit; it was read as 6.")
    page.keyboard.press("s")
    expecting(page.locator("#sample-list li")).to_have_count(1)
    expecting(page.locator("#sample-list img")).to_have_js_property("naturalWidth", 28)
    page.click("#sample-list button")
    expecting(page.locator("#sample-list li")).to_have_count(0)
    expecting(page.locator("#retrain")).to_be_disabled()


@needs_browser
def test_a_key_waits_for_the_pending_prediction(reader, visit):
    page = visit(reader)
    draw(page, "6", 1, (0.1, 0.15, 0.28, 0.7))
    reads(page, "6")
    page.wait_for_selector("#prediction[aria-busy=false]")
    pending = []  # requests not sent to the service yet
    page.route("**/v1/read?*", lambda route: pending.append(route), times=1)
    with page.expect_request("**/v1/read?*"):
        draw(page, "6", 1, (0.6, 0.15, 0.28, 0.7))  # a second digit: the service reads both
    page.keyboard.press("5")
    pending.pop().continue_()
    expecting(page.locator("#saved")).to_contain_text("Saved as 5")
    page.wait_for_selector("#prediction[aria-busy=false]")
    page.click("#keys button >> text=8")
    expecting(page.locator("#saved")).to_contain_text("Saved as 8")
    expecting(page.locator("#sample-count")).to_have_text("1")
    page.keyboard.press("u")
    expecting(page.locator("#sample-count")).to_be_hidden()


@needs_browser
def test_a_retrained_version_is_accepted_and_the_previous_one_activated(trained, visit):
    page = visit(trained)
    for way in range(2):
        draw(page, "7", way)
        expecting(page.locator("#keys button").first).to_be_enabled()
        expecting(page.locator("#probabilities .best")).to_have_count(1)
        page.keyboard.press("7")
        expecting(page.locator("#sample-count")).to_have_text(str(way + 1))
        page.keyboard.press("c")
        reads(page, "")
    page.goto(f"{trained}/#samples")
    page.click("#retrain")
    expecting(page.locator("#retraining-status")).to_contain_text("Retraining")
    expecting(page.locator("#accept")).to_be_visible(timeout=5 * PATIENCE)
    expecting(page.locator("#retraining-status")).to_contain_text("on held-out images")
    expecting(page.locator("#comparison tbody tr").first).to_contain_text("500 images")
    assert page.locator("#comparison tbody tr").count() >= 2
    expecting(page.locator("#compared-lead")).to_contain_text("Of 2 samples")
    expecting(page.locator("#compared li")).to_have_count(2)
    page.click("#accept")
    expecting(page.locator("#compared li")).to_have_count(0)
    expecting(page.locator("#answering")).to_have_text("run, version 1")
    expecting(page.locator("#retraining-status")).to_contain_text("Version 1 is active now.")
    page.click("#retraining-status a")
    expecting(page.locator("#model-lead")).to_contain_text("version 1")
    page.click("[aria-label='Activate version 0']")
    expecting(page.locator("#model-lead")).to_contain_text("version 0")
