"""The view Run: learning curves and confusion matrix, during training, too."""

from browsing import needs_browser
from drawing_on_page import expecting


@needs_browser
def test_a_run_shows_its_curves_and_the_images_behind_a_cell(trained, visit):
    page = visit(f"{trained}")
    page.keyboard.press("r")
    expecting(page.locator("#curves svg")).to_have_count(2)
    expecting(page.locator("#run-spread")).to_contain_text("of 500 validation images correct")
    cells = page.locator("#matrix button")
    assert sum(map(int, cells.all_inner_texts())) == 500
    cells.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expecting(page.locator("#cell-title")).to_contain_text("True 0, predicted 0")
    expecting(page.locator("#cell-images img").first).to_have_js_property("naturalWidth", 28)


@needs_browser
def test_a_run_grows_while_it_trains(trained, visit):
    page = visit(trained)
    run = page.evaluate("fetch('/v1/run').then(response => response.json())")
    requests = []

    def respond(route):
        requests.append(route)
        done = min(len(requests), 3)
        rows = [{**run["history"][0], "epoch": 1 + k} for k in range(done)]
        status = "training" if done < 3 else "finished"
        live = {**run, "status": status, "epoch": done, "epochs": 3, "history": rows}
        route.fulfill(json=live)

    page.route("**/v1/run", respond)
    page.reload()
    page.wait_for_selector("html[data-ready]")
    page.keyboard.press("r")
    expecting(page.locator("#run-status")).to_have_text("Training: 2 of 3 epochs done")
    expecting(page.locator("#run-bar")).to_have_attribute("value", "2")
    expecting(page.locator("#run-status")).to_have_text("Finished after 3 epochs")
    expecting(page.locator("#run-progress")).to_be_hidden()
    assert len(requests) == 3
