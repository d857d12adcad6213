"""Endpoints for predictions, samples, monitoring and the page, over real sockets."""

import base64
import io
import json
import re
import threading

import numpy as np
import pytest
from PIL import Image, ImageDraw
from serving import JSON, OCTETS, PNG, encode, form

import tenfold
from tenfold.export.predictor import default_predictor
from tenfold.handwriting import detect_digits
from tenfold.server.http.errors import STATUS


def trimmed(image):
    return image[:, (image > 127).any(axis=0)]


def bodies(images):
    files = [encode(image) for image in images]
    return {
        "png": (files[0], PNG, 1),
        "bytes": (images.tobytes(), OCTETS, len(images)),
        "json": (json.dumps({"images": images.tolist()}).encode(), JSON, len(images)),
        "fractions": (json.dumps({"images": (images / 255).tolist()}).encode(), JSON, len(images)),
        "form": (*form(*files), len(images)),
        "files": (*form(*files, filename="digit.png"), len(images)),
    }


@pytest.mark.parametrize("how", ["png", "bytes", "json", "fractions", "form", "files"])
def test_predictions_equal_those_of_the_predictor_for_every_media_type(service, digits, how):
    body, kind, n = bodies(digits.images)[how]
    status, reply = service.json("POST", "/v1/predict?top=2", body, kind)
    predictor = default_predictor()
    probabilities = predictor(digits.images[:n])
    assert status == 200
    assert reply["model"] == {"version": 0}
    assert len(reply["answers"]) == n
    for answer, row, accepted in zip(
        reply["answers"], probabilities, predictor.accepts(probabilities), strict=True
    ):
        top = [(one["label"], one["probability"]) for one in answer["top"]]
        ((first, second),) = predictor.rank(row[None], 2)
        assert [label for label, _ in top] == [first[0], second[0]]
        assert top[0][1] == pytest.approx(first[1], abs=2e-6)
        assert answer["label"] == first[0]
        assert answer["confidence"] == top[0][1]
        assert answer["accepted"] == accepted


def test_jpeg_and_colour_png_are_classified(service, digits):
    colour = encode(np.repeat(digits.images[0][..., None], 3, axis=2))
    jpeg = encode(digits.images[0], "JPEG", quality=95)
    labels = [
        service.json("POST", "/v1/predict", body, kind)[1]["answers"][0]["label"]
        for body, kind in ((colour, PNG), (jpeg, "image/jpeg"))
    ]
    assert labels == [str(digits.labels[0])] * 2


def test_concurrent_requests_get_their_own_predictions(service, digits):
    replies = {}

    def predict(i):
        replies[i] = service.json("POST", "/v1/predict", encode(digits.images[i]), PNG)

    callers = [threading.Thread(target=predict, args=(i,)) for i in range(len(digits))]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    alone = service.json("POST", "/v1/predict", digits.images.tobytes(), OCTETS)[1]["answers"]
    assert [replies[i][1]["answers"][0]["label"] for i in range(len(digits))] == [
        answer["label"] for answer in alone
    ]


def test_the_reject_class_has_no_label(service):
    status, reply = service.json("POST", "/v1/predict?top=99", b"\xff" * 784, OCTETS)
    answer = reply["answers"][0]
    assert (status, answer["label"], answer["accepted"]) == (200, None, False)
    assert answer["top"][0]["label"] == "no digit"
    assert len(answer["top"]) == 11


def test_a_request_of_the_largest_batch(service, mnist):
    images = mnist.validation.images[:1024]
    _, reply = service.json("POST", "/v1/predict", images.tobytes(), OCTETS)
    right = [
        a["label"] == str(t)
        for a, t in zip(reply["answers"], mnist.validation.labels, strict=False)
    ]
    assert np.mean(right) > 0.97


def test_a_photo_is_read_with_boxes(service, digits, photo):
    _, reply = service.json("POST", "/v1/read?top=1", *form(photo))
    direct = tenfold.read(Image.open(io.BytesIO(photo)))
    assert reply["text"] == direct.text == "".join(map(str, digits.labels[:4]))
    assert reply["lines"] == [reply["text"]]
    assert [digit["box"] for digit in reply["digits"]] == [list(d.box) for d in direct.digits]
    assert reply["size"] == list(direct.size)
    for one, seen in zip(reply["digits"], direct.digits, strict=True):
        image = Image.open(io.BytesIO(base64.b64decode(one["image"])))
        np.testing.assert_array_equal(np.asarray(image), seen.image)
        assert len(one["top"]) == 1
    assert service.json("POST", "/v1/read?top=1", photo, PNG)[1] == reply
    assert reply["confidence"] == pytest.approx(direct.confidence)
    assert reply["numbers"] == [number.to_json() for number in direct.numbers]


def test_a_picture_is_read_with_the_options_of_tenfold_read(service, digits):
    rows = [np.hstack([np.pad(image, 6) for image in digits.images[i : i + 2]]) for i in (0, 2)]
    picture = 255 - np.kron(np.concatenate(rows), np.ones((3, 3), np.uint8))
    hints = {"region": (0, 100, 240, 140), "expect": 3, "deslant": True}
    part = "region=0,100,240,140&expect=3&deslant=1"
    status, reply = service.json("POST", f"/v1/read?{part}", encode(picture), PNG)
    direct = tenfold.read(picture, **hints)
    assert (status, reply["text"], reply["size"]) == (200, "??", list(direct.size))
    assert reply["numbers"] == [number.to_json() for number in direct.numbers]
    for query, status in (("region=0,0,999,9", 422), ("region=1,2,3", 422), ("expect=0", 422)):
        answer = service.json("POST", f"/v1/read?{query}", encode(picture), PNG)
        assert answer[0] == status
        assert "region" in str(answer) or "expect" in str(answer)


def test_touching_digits_are_separated_as_by_tenfold_read(service, mnist):
    images, labels = mnist.validation.images, mnist.validation.labels
    nine, seven = (trimmed(images[labels == k][i]) for k, i in ((9, 2), (7, 1)))
    both = np.pad(nine, ((0, 0), (0, seven.shape[1] - 2)))  # they share two columns
    both[:, -seven.shape[1] :] = np.maximum(both[:, -seven.shape[1] :], seven)
    picture = Image.fromarray(255 - np.pad(both, 10))
    picture = np.asarray(picture.resize((picture.width * 6, picture.height * 6)))
    assert len(detect_digits(picture).boxes) == 1
    _, reply = service.json("POST", "/v1/read", encode(picture), PNG)
    assert reply["text"] == tenfold.read(picture).text == "97"
    assert [digit["label"] for digit in reply["digits"]] == ["9", "7"]


def test_a_blank_picture_is_not_an_error(service):
    status, reply = service.json("POST", "/v1/read", encode(np.full((90, 90), 255, np.uint8)), PNG)
    assert (status, reply["text"], reply["digits"], reply["others"]) == (200, "", [], [])
    assert reply["size"] == [90, 90]


def test_a_page_upside_down_is_rotated_as_by_tenfold_read(service, mnist):
    clear = [mnist.validation.images[mnist.validation.labels == k][4] for k in (4, 3, 2, 7, 5, 4)]
    page = 255 - np.concatenate([np.pad(image, 12) for image in clear], axis=1)
    _, upright = service.json("POST", "/v1/read", encode(page), PNG)
    _, reply = service.json("POST", "/v1/read", encode(np.rot90(page, 2)), PNG)
    assert (upright["turned"], reply["turned"]) == (0, 180)
    assert reply["text"] == upright["text"] == "432754"
    assert reply["size"] == upright["size"]
    boxes = [[digit["box"] for digit in answer["digits"]] for answer in (reply, upright)]
    assert np.abs(np.subtract(*boxes)).max() <= 2


def test_ink_that_is_not_a_digit_is_listed_separately(service):
    picture = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(picture).line(
        [(40, 40), (160, 160), (100, 100), (160, 40), (40, 160)], fill=0, width=12
    )
    _, reply = service.json("POST", "/v1/read", encode(np.asarray(picture)), PNG)
    assert reply["digits"] == []
    assert [other["label"] for other in reply["others"]] == [None]


def test_explanation_of_a_prediction(service, digits):
    status, reply = service.json("POST", "/v1/explain", digits.images[0].tobytes(), OCTETS)
    assert status == 200
    assert reply["answer"]["label"] == reply["evidence"]["label"] == str(digits.labels[0])
    assert np.abs(reply["evidence"]["rows"]).max() == pytest.approx(1, abs=1e-3)
    assert len(reply["nearest"]) == 6
    distances = [one["distance"] for one in reply["nearest"]]
    assert distances == sorted(distances)


def test_the_explanation_of_a_given_class(service, digits):
    image = digits.images[0].tobytes()
    for label in ("no digit", "8"):
        _, reply = service.json(
            "POST", f"/v1/explain?label={label.replace(' ', '%20')}", image, OCTETS
        )
        assert reply["evidence"]["label"] == label
        assert reply["answer"]["label"] == str(digits.labels[0])
    assert service.code("POST", "/v1/explain?label=x", image, OCTETS) == "invalid"


def test_model_card(service):
    _, reply = service.json("GET", "/v1/model")
    card = default_predictor().card
    assert reply["scores"] == card["scores"]
    assert reply["recipe"] == card["recipe"]
    assert reply["headline"]["value"] == card["scores"]["validation"]["accuracy"]["value"]
    assert (reply["headline"]["split"], reply["role"]) == ("validation", "teacher")
    assert reply["limits"] == {"body": 16 << 20, "pixels": 50_000_000, "side": 2000, "images": 1024}
    assert reply["has_no_digit"] is True
    assert (reply["source"], reply["version"]) == ("shipped", 0)


def test_a_sample_is_stored_listed_shown_and_deleted(service, digits):
    image = digits.images[0]
    for data in (image.tobytes(), encode(image)):
        sent = {"image": base64.b64encode(data).decode(), "label": "7", "guess": "1"}
        status, made = service.json("POST", "/v1/samples", sent)
        assert (status, made["label"], made["guess"], made["source"]) == (201, "7", "1", "drawn")
        listed = service.json("GET", "/v1/samples?limit=1")[1]
        assert listed["samples"] == [made]
        assert (listed["counts"], listed["total"]) == ({"7": 1}, 1)
        _, headers, content = service.request("GET", f"/v1/samples/{made['id']}/image")
        assert headers["content-type"] == PNG
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(content))), image)
        assert service.request("DELETE", f"/v1/samples/{made['id']}")[0] == 204
        assert service.code("DELETE", f"/v1/samples/{made['id']}") == "sample_unknown"
    assert service.json("GET", "/v1/samples")[1]["total"] == 0


def test_the_first_version_is_the_served_model(service):
    _, reply = service.json("GET", "/v1/versions")
    assert [(row["version"], row["current"]) for row in reply["versions"]] == [(0, True)]
    assert service.json("POST", "/v1/versions/0/activate") == (200, {"version": 0})
    assert service.json("GET", "/v1/retraining")[1]["state"] == "idle"


def test_only_files_of_the_page_are_served(service):
    status, headers, _ = service.request("GET", "/")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'; script-src 'self'" in headers["content-security-policy"]
    status, headers, _ = service.request("GET", "/static/docs.css")
    assert (status, headers["content-type"]) == (200, "text/css; charset=utf-8")
    again = service.request("GET", "/static/docs.css", None, {"If-None-Match": headers["etag"]})
    assert (again[0], again[2]) == (304, b"")
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd", "/static/"):
        assert service.code("GET", path) == "not_found", path


def test_the_reference_needs_no_other_site(service):
    _, _, content = service.request("GET", "/docs")
    page = content.decode()
    links = [link for link in re.findall(r'(?:src|href)="([^"]*)"', page) if link[0] != "#"]
    assert set(links) == {"static/base.css", "static/docs.css", "openapi.json", "./"}
    assert f"curl -F file=@photo.jpg http://127.0.0.1:{service.port}/v1/read" in page
    assert re.findall(r"<script|<style|style=", page) == []
    schema = service.json("GET", "/openapi.json")[1]
    for path, methods in schema["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in page
    for code in STATUS:
        assert f"<code>{code}</code>" in page


def test_requests_are_counted(service):
    def count(name):
        text = service.request("GET", "/metrics")[2].decode()
        match = re.search(rf"^{re.escape(name)} ([\d.]+)$", text, re.M)
        return float(match[1]) if match else 0

    names = (
        'tenfold_requests_total{path="/v1/predict",status="200"}',
        'tenfold_request_seconds_count{path="/v1/predict"}',
        "tenfold_images_total",
        'tenfold_requests_total{path="other",status="404"}',
    )
    before = [count(name) for name in names]
    service.request("POST", "/v1/predict", bytes(784 * 3), {"Content-Type": OCTETS})
    service.request("GET", "/a/path/that/somebody/made/up")
    assert [count(name) - b for name, b in zip(names, before, strict=True)] == [1, 1, 3, 1]


def test_health_checks(service):
    assert service.json("GET", "/healthz") == (200, {"status": "ok"})
    assert service.json("GET", "/readyz") == (200, {"status": "ready"})
