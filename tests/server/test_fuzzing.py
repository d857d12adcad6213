"""Damaged and generated requests."""

import json
import random

import pytest
import schemathesis
from hypothesis import Phase, given
from hypothesis import settings as bounded
from schemathesis.specs.openapi import checks
from serving import FORM, JSON, OCTETS, PNG, blank_png, part, run_async, sample

from tenfold.server.http import multipart
from tenfold.server.http.errors import ServiceError


@pytest.fixture(scope="module")
def service(attacked):
    return attacked


def corpus(seed):
    """A damaged valid request: path, media type and body."""
    chance = random.Random(seed)
    image = blank_png(28, 28, 128)
    right = [
        ("/v1/predict", PNG, image),
        ("/v1/read", PNG, blank_png(60, 60, 220)),
        ("/v1/explain", PNG, image),
        ("/v1/predict", FORM, part(image) + b"--b--\r\n"),
        ("/v1/read", FORM, part(blank_png(60, 60, 220)) + b"--b--\r\n"),
        ("/v1/predict", JSON, json.dumps({"images": [[[7] * 28] * 28]}).encode()),
        ("/v1/samples", JSON, json.dumps(sample()).encode()),
        ("/v1/predict", OCTETS, bytes(784)),
    ]
    path, kind, body = chance.choice(right)
    damaged = bytearray(body)
    for _ in range(chance.randint(1, 8)):
        how, at = chance.randrange(4), chance.randrange(len(damaged) + 1)
        if how == 0:
            damaged[at : at + 1] = chance.randbytes(1)
        elif how == 1:
            del damaged[at : at + chance.randrange(1, 40)]
        elif how == 2:
            damaged[at:at] = chance.randbytes(chance.randrange(1, 20))
        else:
            damaged[at:at] = damaged[: chance.randrange(200)]
    if chance.random() < 0.2:
        kind = chance.choice([PNG, FORM, JSON, OCTETS, "image/gif", "a/b;c", "\x7f", ";;;="])
    return path, kind, bytes(damaged)


def test_damaged_bodies_get_client_errors(service):
    for seed in range(120):
        path, kind, body = corpus(seed)
        status, answer = service.json("POST", path, body, kind)
        assert status < 500, (seed, path, kind, answer)
        assert "error" in answer or status < 300, seed


async def stream(body):
    for start in range(0, len(body), 50):
        yield body[start : start + 50]


def test_forms_of_random_bytes():
    chance = random.Random(3)
    for _ in range(300):
        body = b"".join(
            chance.choice([b"--b", b"\r\n", b"--", b"name=", b'"file"', b":", chance.randbytes(3)])
            for _ in range(chance.randrange(40))
        )
        try:
            run_async(multipart.read_files(FORM, stream(b"--b\r\n" + body), 4, 1 << 20))
        except ServiceError as error:
            assert error.code in ("body_malformed", "images_too_many")  # noqa: PT017


@pytest.fixture(scope="module")
def api(service):
    return schemathesis.openapi.from_dict(service.json("GET", "/openapi.json")[1])


# A schema cannot say that bytes are a 28x28 image: bodies that it allows may be refused.
UNTOLD = [checks.positive_data_acceptance]


def test_responses_match_the_openapi_description(service, api):
    address = f"http://127.0.0.1:{service.port}"
    for operation in api.get_all_operations():

        @bounded(max_examples=5, derandomize=True, phases=[Phase.generate], database=None)
        @given(case=operation.ok().as_strategy())
        def check(case):
            case.call_and_validate(base_url=address, excluded_checks=UNTOLD, timeout=60)

        check()
