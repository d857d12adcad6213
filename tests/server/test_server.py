"""The service as its callers find it: what it answers, keeps and counts, over real sockets."""

import base64
import io
import json
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from serving import serving, started

import tenfold
from tenfold.handwriting import detect_digits, reading
from tenfold.runs import live
from tenfold.server import target as subject
from tenfold.server.http.addresses import free_port, owner
from tenfold.server.http.errors import STATUS

PNG, OCTETS, JSON = "image/png", "application/octet-stream", "application/json"


def png(image, kind="PNG", **options):
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind, **options)
    return file.getvalue()


def form(*files, name="file"):
    boundary = "boundary"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        + file
        + b"\r\n"
        for file in files
    ]
    return b"".join([*parts, f"--{boundary}--\r\n".encode()]), (
        f"multipart/form-data; boundary={boundary}"
    )


def trimmed(image):
    return image[:, (image > 127).any(axis=0)]


@pytest.fixture(scope="module")
def digits(mnist):
    return mnist.validation[:12]


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("served") / "samples") as found:
        yield found
    assert found.process.returncode == 0
    assert "Traceback" not in found.text


@pytest.fixture(scope="module")
def run(few_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    return tenfold.train("logistic", tenfold.load(few_file), out=folder, verbose=False)


@pytest.fixture(scope="module")
def of_run(run, tmp_path_factory):
    with serving(tmp_path_factory.mktemp("of-run") / "samples", run.path) as found:
        yield found


@pytest.fixture
def photo(digits):
    row = np.concatenate(list(np.pad(digits.images[:4], ((0, 0), (8, 8), (8, 8)))), axis=1)
    return png(255 - row)


# Answers


def bodies(images):
    files = [png(image) for image in images]
    return {
        "png": (files[0], PNG, 1),
        "bytes": (images.tobytes(), OCTETS, len(images)),
        "json": (json.dumps({"images": images.tolist()}).encode(), JSON, len(images)),
        "fractions": (json.dumps({"images": (images / 255).tolist()}).encode(), JSON, len(images)),
        "form": (*form(*files), len(images)),
    }


@pytest.mark.parametrize("how", ["png", "bytes", "json", "fractions", "form"])
def test_images_of_every_kind_are_answered_as_the_predictor_answers(service, digits, how):
    body, kind, n = bodies(digits.images)[how]
    status, found = service.json("POST", "/v1/predict?top=2", body, kind)
    predictor = reading.default_predictor()
    probabilities = predictor(digits.images[:n])
    assert status == 200
    assert found["model"] == {"version": 0}
    assert len(found["answers"]) == n
    for answer, row, accepted in zip(
        found["answers"], probabilities, predictor.accepts(probabilities), strict=True
    ):
        top = [(one["label"], one["probability"]) for one in answer["top"]]
        ((first, second),) = predictor.rank(row[None], 2)
        assert [label for label, _ in top] == [first[0], second[0]]
        assert top[0][1] == pytest.approx(first[1], abs=2e-6)
        assert answer["label"] == first[0]
        assert answer["confidence"] == top[0][1]
        assert answer["accepted"] == accepted


def test_a_jpeg_and_a_colour_png_are_answered(service, digits):
    colour = png(np.repeat(digits.images[0][..., None], 3, axis=2))
    jpeg = png(digits.images[0], "JPEG", quality=95)
    labels = [
        service.json("POST", "/v1/predict", body, kind)[1]["answers"][0]["label"]
        for body, kind in ((colour, PNG), (jpeg, "image/jpeg"))
    ]
    assert labels == [str(digits.labels[0])] * 2


def test_many_callers_at_once_each_get_their_own_answer(service, digits):
    found = {}

    def ask(i):
        found[i] = service.json("POST", "/v1/predict", png(digits.images[i]), PNG)

    callers = [threading.Thread(target=ask, args=(i,)) for i in range(len(digits))]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    alone = service.json("POST", "/v1/predict", digits.images.tobytes(), OCTETS)[1]["answers"]
    assert [found[i][1]["answers"][0]["label"] for i in range(len(digits))] == [
        answer["label"] for answer in alone
    ]


def test_an_image_of_no_digit_has_no_label(service):
    status, found = service.json("POST", "/v1/predict?top=99", b"\xff" * 784, OCTETS)
    answer = found["answers"][0]
    assert (status, answer["label"], answer["accepted"]) == (200, None, False)
    assert answer["top"][0]["label"] == "no digit"
    assert len(answer["top"]) == 11


def test_a_batch_of_the_most_images_is_answered(service, mnist):
    images = mnist.validation.images[:1024]
    _, found = service.json("POST", "/v1/predict", images.tobytes(), OCTETS)
    right = [
        a["label"] == str(t)
        for a, t in zip(found["answers"], mnist.validation.labels, strict=False)
    ]
    assert np.mean(right) > 0.97


def test_a_photo_is_read_with_its_places(service, digits, photo):
    _, found = service.json("POST", "/v1/read?top=1", *form(photo))
    direct = tenfold.read(Image.open(io.BytesIO(photo)))
    assert found["text"] == direct.text == "".join(map(str, digits.labels[:4]))
    assert found["lines"] == [found["text"]]
    assert [digit["box"] for digit in found["digits"]] == [list(d.box) for d in direct.digits]
    assert found["size"] == list(direct.size)
    for one, seen in zip(found["digits"], direct.digits, strict=True):
        image = Image.open(io.BytesIO(base64.b64decode(one["image"])))
        np.testing.assert_array_equal(np.asarray(image), seen.image)
        assert len(one["top"]) == 1
    assert service.json("POST", "/v1/read?top=1", photo, PNG)[1] == found


def test_touching_digits_are_told_apart_as_tenfold_read_does(service, mnist):
    images, labels = mnist.validation.images, mnist.validation.labels
    nine, seven = (trimmed(images[labels == k][i]) for k, i in ((9, 2), (7, 1)))
    both = np.pad(nine, ((0, 0), (0, seven.shape[1] - 2)))  # they share two columns
    both[:, -seven.shape[1] :] = np.maximum(both[:, -seven.shape[1] :], seven)
    picture = Image.fromarray(255 - np.pad(both, 10))
    picture = np.asarray(picture.resize((picture.width * 6, picture.height * 6)))
    assert len(detect_digits(picture).boxes) == 1
    _, found = service.json("POST", "/v1/read", png(picture), PNG)
    assert found["text"] == tenfold.read(picture).text == "97"
    assert [digit["label"] for digit in found["digits"]] == ["9", "7"]


def test_a_picture_without_ink_is_no_error(service):
    status, found = service.json("POST", "/v1/read", png(np.full((90, 90), 255, np.uint8)), PNG)
    assert (status, found["text"], found["digits"], found["others"]) == (200, "", [], [])
    assert found["size"] == [90, 90]


def test_a_page_upside_down_is_turned_as_tenfold_read_does(service, mnist):
    clear = [mnist.validation.images[mnist.validation.labels == k][4] for k in (4, 3, 2, 7, 5, 4)]
    page = 255 - np.concatenate([np.pad(image, 12) for image in clear], axis=1)
    _, upright = service.json("POST", "/v1/read", png(page), PNG)
    _, found = service.json("POST", "/v1/read", png(np.rot90(page, 2)), PNG)
    assert (upright["turned"], found["turned"]) == (0, 180)
    assert found["text"] == upright["text"] == "432754"
    assert found["size"] == upright["size"]
    boxes = [[digit["box"] for digit in answer["digits"]] for answer in (found, upright)]
    assert np.abs(np.subtract(*boxes)).max() <= 2


def test_what_looks_like_no_digit_is_told_apart(service):
    picture = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(picture).line(
        [(40, 40), (160, 160), (100, 100), (160, 40), (40, 160)], fill=0, width=12
    )
    _, found = service.json("POST", "/v1/read", png(np.asarray(picture)), PNG)
    assert found["digits"] == []
    assert [other["label"] for other in found["others"]] == [None]


def test_an_answer_is_explained(service, digits):
    status, found = service.json("POST", "/v1/explain", digits.images[0].tobytes(), OCTETS)
    assert status == 200
    assert found["answer"]["label"] == found["evidence"]["label"] == str(digits.labels[0])
    assert np.abs(found["evidence"]["rows"]).max() == pytest.approx(1, abs=1e-3)
    assert len(found["nearest"]) == 6
    distances = [one["distance"] for one in found["nearest"]]
    assert distances == sorted(distances)


def test_the_model_tells_of_itself(service):
    _, found = service.json("GET", "/v1/model")
    card = reading.default_predictor().card
    assert found["scores"] == card["scores"]
    assert found["recipe"] == card["recipe"]
    limits = {"body": 16 << 20, "pixels": 50_000_000, "side": 2000, "images": 1024}
    assert found["limits"] == limits
    assert found["has_no_digit"] is True
    assert (found["source"], found["version"]) == ("shipped", 0)


# Samples, versions


def test_a_sample_is_kept_listed_shown_and_removed(service, digits):
    image = digits.images[0]
    for data in (image.tobytes(), png(image)):
        sent = {"image": base64.b64encode(data).decode(), "label": "7", "guess": "1"}
        status, made = service.json("POST", "/v1/samples", sent)
        assert (status, made["label"], made["guess"], made["source"]) == (201, "7", "1", "drawn")
        listed = service.json("GET", "/v1/samples?limit=1")[1]
        assert listed["samples"] == [made]
        assert (listed["counts"], listed["total"]) == ({"7": 1}, 1)
        _, headers, content = service.ask("GET", f"/v1/samples/{made['id']}/image")
        assert headers["content-type"] == PNG
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(content))), image)
        assert service.ask("DELETE", f"/v1/samples/{made['id']}")[0] == 204
        assert service.code("DELETE", f"/v1/samples/{made['id']}") == "sample_unknown"
    assert service.json("GET", "/v1/samples")[1]["total"] == 0


def test_versions_begin_with_what_was_started(service):
    _, found = service.json("GET", "/v1/versions")
    assert [(row["version"], row["current"]) for row in found["versions"]] == [(0, True)]
    assert service.json("POST", "/v1/versions/0/activate") == (200, {"version": 0})
    assert service.json("GET", "/v1/retraining")[1]["state"] == "idle"


# A run


def test_a_run_without_an_artifact_is_exported_and_shown(of_run, run, few):
    assert (run.path / "model.onnx").exists()
    _, model = of_run.json("GET", "/v1/model")
    assert (model["name"], model["source"]) == ("logistic", str(run.path))
    status, headers, content = of_run.ask("GET", "/v1/run")
    shown, judged = json.loads(content), run.saved_evaluation()[0]
    assert (status, shown["status"], shown["report"]) == (200, "finished", True)
    assert len(shown["history"]) == shown["epochs"] == 5
    assert shown["history"][-1]["val_accuracy"] == run.history.val_accuracy.iloc[-1]
    assert shown["confusion"] == judged.confusion_matrix().tolist()
    assert shown["accuracy"]["value"] == judged.accuracy[0].value
    assert of_run.ask("GET", "/v1/run", None, {"If-None-Match": headers["etag"]})[0] == 304
    _, found = of_run.json("POST", "/v1/predict", few.validation.images.tobytes(), OCTETS)
    assert [answer["label"] for answer in found["answers"]] == [
        few.class_names[i] for i in run.predict(few.validation.images).argmax(axis=1)
    ]


def test_the_images_behind_a_cell_are_those_of_the_evaluation(of_run, run, few):
    confusion = run.saved_evaluation()[0].confusion_matrix()
    truth, predicted = np.unravel_index((confusion - 10_000 * np.eye(10)).argmax(), (10, 10))
    path = f"/v1/run/cell?truth={truth}&predicted={predicted}"
    _, found = of_run.json("GET", path)
    assert found["total"] == len(found["images"]) == confusion[truth, predicted]
    chances = [one["confidence"] for one in found["images"]]
    assert chances == sorted(chances, reverse=True)
    for one in found["images"]:
        image = np.asarray(Image.open(io.BytesIO(base64.b64decode(one["image"]))))
        np.testing.assert_array_equal(image, few.validation.images[one["index"]])
        assert few.validation.labels[one["index"]] == truth
    assert len(of_run.json("GET", f"{path}&limit=1")[1]["images"]) == 1
    assert of_run.code("GET", "/v1/run/cell?truth=10&predicted=0") == "invalid"


def test_the_report_of_the_run_is_shown_with_a_policy_of_its_own(of_run, run):
    status, headers, content = of_run.ask("GET", "/report")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert content.decode() == (run.path / "report.html").read_text()


def test_a_run_under_way_is_shown_and_the_shipped_reader_answers(run, few, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("network.json", "history.csv"):
        (folder / name).write_bytes((run.path / name).read_bytes())
    run.record.replace(status="training").save(folder)
    with serving(tmp_path / "samples", folder) as service:
        _, shown = service.json("GET", "/v1/run")
        assert (shown["status"], shown["confusion"], shown["report"]) == ("training", None, False)
        assert service.code("GET", "/v1/run/cell?truth=1&predicted=1") == "not_ready"
        assert service.code("GET", "/report") == "not_ready"
        assert service.json("GET", "/v1/model")[1]["source"] == "shipped"
        found = run.saved_evaluation()[0]
        live.save(folder, found.outputs[0], few.validation)
        _, shown = service.json("GET", "/v1/run")
        assert shown["confusion"] == found.confusion_matrix().tolist()


def test_a_watched_training_keeps_its_answers_after_each_epoch(few, tmp_path, monkeypatch):
    seen, kept = [], []

    def watch(folder):
        seen.append((folder, (folder / "run.json").exists()))

    def save(folder, outputs, validation):
        kept.append(outputs)

    monkeypatch.setattr(live, "save", save)
    run = tenfold.train("logistic", few, out=tmp_path / "run", seeds=2, verbose=False, watch=watch)
    assert seen == [(tmp_path / "run", True)]
    accuracy = [(outputs.argmax(axis=1) == few.validation.labels).mean() for outputs in kept]
    first = run.history[run.history.seed == run.seeds[0]]
    np.testing.assert_allclose(accuracy, first.val_accuracy, atol=1e-6)
    assert run.record.status == "finished"


def test_a_training_is_shown_while_it_runs_and_its_network_answers_after(few_file, tmp_path):
    options = ["--data", str(few_file), "--epochs", "3", "--out", str(tmp_path / "run"), "--serve"]
    with started(tmp_path, "-m", "tenfold", "train", "logistic", *options) as service:
        _, shown = service.json("GET", "/v1/run")
        assert (shown["title"], shown["epochs"]) == ("logistic on few", 3)
        until = time.monotonic() + 120
        while service.json("GET", "/v1/model")[1]["source"] != str(tmp_path / "run"):
            assert time.monotonic() < until
            time.sleep(0.1)
        _, shown = service.json("GET", "/v1/run")
        assert (shown["status"], shown["epoch"], shown["report"]) == ("finished", 3, True)
        assert service.end(signal.SIGINT) == 0
    assert "the page stays; Ctrl-C ends it" in service.text


# Pages and numbers


def test_the_page_and_its_files_are_given_out_and_nothing_else(service):
    status, headers, _ = service.ask("GET", "/")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'; script-src 'self'" in headers["content-security-policy"]
    status, headers, _ = service.ask("GET", "/static/docs.css")
    assert (status, headers["content-type"]) == (200, "text/css; charset=utf-8")
    again = service.ask("GET", "/static/docs.css", None, {"If-None-Match": headers["etag"]})
    assert (again[0], again[2]) == (304, b"")
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd", "/static/"):
        assert service.code("GET", path) == "not_found", path
    assert service.ask("HEAD", "/healthz")[0] == 405


def test_the_documents_need_nothing_from_elsewhere(service):
    _, _, content = service.ask("GET", "/docs")
    page = content.decode()
    links = [link for link in re.findall(r'(?:src|href)="([^"]*)"', page) if link[0] != "#"]
    assert set(links) == {"static/docs.css", "openapi.json", "./"}
    assert re.findall(r"<script|<style|style=", page) == []
    schema = service.json("GET", "/openapi.json")[1]
    for path, methods in schema["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in page
    for code in STATUS:
        assert f"<code>{code}</code>" in page


def test_what_is_answered_is_counted(service):
    def count(name):
        text = service.ask("GET", "/metrics")[2].decode()
        found = re.search(rf"^{re.escape(name)} ([\d.]+)$", text, re.M)
        return float(found[1]) if found else 0

    names = (
        'tenfold_requests_total{path="/v1/predict",status="200"}',
        'tenfold_request_seconds_count{path="/v1/predict"}',
        "tenfold_images_total",
        'tenfold_requests_total{path="other",status="404"}',
    )
    before = [count(name) for name in names]
    service.ask("POST", "/v1/predict", bytes(784 * 3), {"Content-Type": OCTETS})
    service.ask("GET", "/a/path/that/somebody/made/up")
    assert [count(name) - b for name, b in zip(names, before, strict=True)] == [1, 1, 3, 1]


def test_health_and_readiness(service):
    assert service.json("GET", "/healthz") == (200, {"status": "ok"})
    assert service.json("GET", "/readyz") == (200, {"status": "ready"})


# Starting and ending


@pytest.fixture
def refused(tenfold_main):
    """What ``tenfold serve`` says where it cannot serve."""

    def run(*arguments):
        code, out, told = tenfold_main("serve", *arguments)
        assert (code, out, told.count("\n")) == (2, "", 1)
        return told

    return run


def test_a_port_that_is_taken_is_told_with_by_whom_and_the_next(service, refused, tmp_path):
    told = refused("--port", service.port, "--samples", tmp_path)
    assert f"port {service.port} is taken by process {service.process.pid}" in told
    assert "tenfold serve" in told
    free = int(re.search(r"--port (\d+) is free", told)[1])
    assert free > service.port
    assert owner(service.port).startswith(f"process {service.process.pid}")
    assert free_port("127.0.0.1", service.port) > service.port


def test_two_services_on_one_folder_of_samples_are_refused(service, refused):
    assert "another server uses it" in refused("--port", 0, "--samples", service.samples)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere.onnx"], "nowhere.onnx: no such file"),
        (["{folder}"], "not a run folder (no run.json)"),
        (["{broken}"], "broken.onnx: not an ONNX file"),
        (["--samples", "{broken}/in"], "samples cannot be stored there"),
        (["--token", "short"], "--token: give 8 letters and digits at least"),
        (["--host", "203.0.113.7"], "not an address of this machine"),
        (["--host", "no such name"], "no address of that name"),
    ],
)
def test_what_cannot_be_served_is_refused_in_a_line(
    refused, tmp_path, monkeypatch, arguments, told
):
    monkeypatch.chdir(tmp_path)
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"broken")
    filled = [one.format(folder=tmp_path, broken=broken) for one in arguments]
    assert told in refused(*filled, "--port", 0)
    assert [path.name for path in tmp_path.iterdir()] == ["broken.onnx"]


def test_a_run_that_cannot_be_exported_is_told(run, refused, tmp_path, monkeypatch):
    (tmp_path / "run.json").write_bytes((run.path / "run.json").read_bytes())
    failed = subprocess.CompletedProcess([], 2, "", "warning\ntenfold: no weights\n")
    monkeypatch.setattr(subject.subprocess, "run", lambda *_, **__: failed)
    told = refused(tmp_path, "--port", 0)
    assert "it has no artifact to answer with, and none can be made (no weights)" in told
    assert "see tenfold export" in told


def alive(process):
    """Whether a process lives; one that has ended and that nobody waits for does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_several_workers_share_a_port_count_together_and_end_with_their_parent(tmp_path):
    with serving(tmp_path / "samples", "--workers", 2) as service:
        for _ in range(12):
            assert service.json("POST", "/v1/predict", bytes(784), OCTETS)[0] == 200
        for _ in range(6):
            assert b"\ntenfold_images_total 12.0\n" in service.ask("GET", "/metrics")[2]
        process = service.process.pid
        workers = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        assert len(workers) == 2
        service.process.kill()
        service.process.wait()
        until = time.monotonic() + 60
        while any(map(alive, workers)):
            assert time.monotonic() < until
            time.sleep(0.05)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_what_is_in_flight_is_answered_before_the_end(tmp_path, photo, how):
    with serving(tmp_path / "samples") as service:
        body = (
            b"POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
            b"Content-Length: %d\r\n\r\n" % len(photo)
        ) + photo
        with service.connect() as connection:
            connection.sendall(body[:-1])
            time.sleep(0.3)
            service.process.send_signal(how)
            time.sleep(0.3)
            connection.sendall(body[-1:])
            answer = b""
            while data := connection.recv(65536):
                answer += data
        assert answer.startswith(b"HTTP/1.1 200")
        assert service.process.wait(30) == 0
