"""A client that another tool generates from the description of the API works."""

import importlib
import io
import json
import subprocess
import sys

import pytest

TOKENLESS = ("/healthz", "/readyz")


@pytest.fixture(scope="module")
def client(service, tmp_path_factory):
    pytest.importorskip("openapi_python_client")
    folder = tmp_path_factory.mktemp("generated")
    (folder / "api.json").write_text(json.dumps(service.json("GET", "/openapi.json")[1]))
    (folder / "options.yml").write_text("post_hooks: []")
    options = ["--path", "api.json", "--config", "options.yml", "--output-path", "made"]
    command = [sys.executable, "-m", "openapi_python_client", "generate", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder / "made"))
    made = importlib.import_module("tenfold_client")
    yield made.AuthenticatedClient(base_url=f"http://127.0.0.1:{service.port}", token="any")
    sys.path.remove(str(folder / "made"))


def call(group, name, **arguments):
    module = importlib.import_module(f"tenfold_client.api.{group}.{name}")
    return module.sync(**arguments)


def test_a_generated_client_reads_predicts_and_lists(client, digits, photo):
    from tenfold_client.models import PredictFilesBody, ReadFilesBody
    from tenfold_client.types import File

    text = "".join(map(str, digits.labels[:4]))
    whole = ReadFilesBody(file=File(io.BytesIO(photo), "photo.png", "image/png"))
    assert call("predictions", "read", client=client, body=whole).text == text
    predicted, explained = (
        call("predictions", name, client=client, body=File(io.BytesIO(digits.images[0].tobytes())))
        for name in ("predict", "explain")
    )
    assert predicted.answers[0].label == explained.answer.label == text[0]
    assert call("predictions", "model", client=client).source == "shipped"
    assert call("samples", "list_samples", client=client).total == 0
    assert call("monitoring", "healthz", client=client).status == "ok"
    assert PredictFilesBody is not None


def test_the_description_says_who_needs_a_token(service):
    schema = service.json("GET", "/openapi.json")[1]
    schemes = schema["components"]["securitySchemes"]
    assert schemes["token"] == {"type": "http", "scheme": "bearer"}
    assert schemes["cookie"]["name"] == f"tenfold-token-{service.port}"
    assert {name for one in schema["security"] for name in one} == set(schemes)
    open_paths = {
        path for path, ways in schema["paths"].items() if ways.get("get", {}).get("security") == []
    }
    assert open_paths == set(TOKENLESS)
    for path in ("/v1/read", "/v1/predict", "/v1/explain"):
        content = schema["paths"][path]["post"]["requestBody"]["content"]
        assert content["image/png"]["schema"] == {"type": "string", "format": "binary"}
