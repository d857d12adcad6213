"""Pictures are read in processes: budget, overload, crashes."""

import asyncio
import base64
import io
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from serving import PNG, blank_png, encode, form, limited, run_async

from tenfold.core.assets import READER
from tenfold.server.api.reading_pool import ReadingPool
from tenfold.server.http.errors import ServiceError
from tenfold.server.http.job_queue import JobQueue
from tenfold.server.settings import Limits

TINY = blank_png(40, 40, 200)


async def read(pool):
    options = {"page": 1, "model": str(READER), "top": 1, "seconds": 5.0, "wall_seconds": 10.0}
    with pool.place(len(TINY)) as place:
        return await pool.run(place, "read_picture", TINY, 1600, **options)


def children(pid):
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for children in found for child in children.read_text().split()]


def test_the_queue_is_no_deeper_than_the_timeout_can_serve():
    queue = JobQueue("test", 100, max_seconds=3.0, threads=2)

    async def overload():
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()
        release = loop.create_future()

        def job():
            loop.call_soon_threadsafe(begun.set)
            asyncio.run_coroutine_threadsafe(asyncio.wait_for(release, 10), loop).result()
            return "done"

        jobs = [asyncio.create_task(queue.run(1.0, job)) for _ in range(5)]
        await begun.wait()
        began = time.monotonic()
        with pytest.raises(ServiceError) as refused:  # 5 s of work for two threads: begins late
            await queue.run(1.0, job)
        assert time.monotonic() - began < 0.1
        assert (refused.value.status, refused.value.headers) == (503, {"retry-after": "3"})
        release.set_result(None)
        return await asyncio.gather(*jobs)

    assert run_async(overload()) == ["done"] * 5
    queue.close()


def test_a_burst_is_refused_at_once_and_what_waits_too_long_at_its_deadline():
    queue = JobQueue("test", 100, max_seconds=1.0, threads=2)
    release, refusals = threading.Event(), []

    async def timed():
        """Seconds until the job is refused; None if it runs."""
        began = time.monotonic()
        try:
            await queue.run(0.2, release.wait, 10)
        except ServiceError as refusal:
            refusals.append(refusal)
            return time.monotonic() - began
        return None

    async def burst():
        waiting = [asyncio.create_task(timed()) for _ in range(60)]
        await asyncio.sleep(0.6)  # the jobs take three times as long as expected, and go on
        late = await timed()
        _, overdue = await asyncio.sleep(0.6), [task for task in waiting if task.done()]
        release.set()
        return await asyncio.gather(*waiting), late, len(overdue)

    seconds, late, overdue = run_async(burst())
    queue.close()
    assert {one.status for one in refusals} == {503}
    assert all(int(one.headers["retry-after"]) > 0 for one in refusals)
    refused = sorted(one for one in seconds if one is not None)
    at_once = [one for one in refused if one < 0.1]
    assert (len(seconds) - len(refused), len(at_once), overdue) == (2, 51, 58)
    assert all(1.0 <= one < 1.5 for one in refused[51:])
    assert late < 0.1  # by the expected time alone, it would have waited


def test_a_picture_ends_its_process_not_the_pool():
    limits = Limits(readers=1)
    pool = ReadingPool(limits)
    try:
        assert run_async(read(pool))["text"] == ""
        (worker,) = pool._workers
        first = worker._process.pid
        os.kill(first, signal.SIGKILL)
        worker._process.wait()
        assert run_async(read(pool))["complete"]
        assert worker._process.pid != first
        worker._timeout = 0.01
        with pytest.raises(ServiceError) as late:
            run_async(read(pool))
        assert late.value.code == "internal"
        worker._timeout = 60
        assert run_async(read(pool))["complete"]
    finally:
        pool.close()


def test_overload_is_refused_at_once_and_processes_end_with_the_service(tmp_path, digits):
    picture = encode(255 - np.pad(digits.images[0], 60))
    with limited(tmp_path / "samples", readers=1, queue_length=1) as service:
        assert service.json("POST", "/v1/read", picture, PNG)[0] == 200
        (reader,) = children(service.process.pid)
        os.kill(reader, signal.SIGSTOP)  # the picture in turn takes as long as we want
        request = f"POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Type: {PNG}\r\n"
        with service.connect() as first:
            first.sendall(f"{request}Content-Length: {len(picture)}\r\n\r\n".encode() + picture)
            time.sleep(0.5)
            began = time.monotonic()
            status, headers, _ = service.request("POST", "/v1/read", picture, {"Content-Type": PNG})
            assert (status, int(headers["retry-after"]) > 0) == (503, True)
            assert service.json("GET", "/healthz")[0] == 200
            assert time.monotonic() - began < 2  # on a busy machine; it takes milliseconds
            os.kill(reader, signal.SIGCONT)
            assert first.recv(12) == b"HTTP/1.1 200"
    assert (
        not Path(f"/proc/{reader}").exists()
        or "zombie" in Path(f"/proc/{reader}/status").read_text()
    )


def test_the_budget_ends_a_slow_picture_with_what_was_read(tmp_path, mnist):
    rows = [np.pad(image, 14) for image in mnist.validation.images[:300]]
    page = np.concatenate([np.concatenate(rows[i : i + 20], 1) for i in range(0, 300, 20)])
    with limited(tmp_path / "samples", read_seconds=0.02, readers=1) as service:
        status, reply = service.json("POST", "/v1/read", encode(255 - page), PNG)
    assert (status, reply["complete"]) == (200, False)


def test_pages_of_a_file_are_read_one_by_one(service, digits, tmp_path):
    pages = [Image.fromarray(255 - np.pad(image, 60)) for image in digits.images[:2]]
    pages[0].save(tmp_path / "a.tiff", save_all=True, append_images=pages[1:])
    content = (tmp_path / "a.tiff").read_bytes()
    for number in (1, 2):
        _, reply = service.json("POST", f"/v1/read?page={number}", content, "image/tiff")
        assert (reply["page"], reply["pages"], reply["complete"]) == (number, 2, True)
        assert reply["text"] == str(digits.labels[number - 1])
    assert service.code("POST", "/v1/read?page=3", *form(content)) == "image_unreadable"
    assert service.code("POST", "/v1/read?page=0", *form(content)) == "invalid"


def test_damaged_documents_are_refused(service):
    for content in (b"%PDF-1.7 and no more", b"\0\0\0\x18ftypheic" + bytes(40)):
        assert service.code("POST", "/v1/read", content, "application/pdf") == "image_unreadable"


@pytest.mark.parametrize("suffix", ["pdf", "heic", "tiff", "avif"])
def test_pictures_that_browsers_cannot_show_are_converted(service, digits, tmp_path, suffix):
    for package in {"pdf": ["pypdfium2"], "heic": ["pillow_heif"]}.get(suffix, []):
        pytest.importorskip(package)
    if suffix == "heic":
        pytest.importorskip("pillow_heif").register_heif_opener()
    Image.fromarray(255 - np.pad(digits.images[0], 60)).save(tmp_path / f"a.{suffix}")
    content = (tmp_path / f"a.{suffix}").read_bytes()
    _, reply = service.json("POST", "/v1/picture", content, "image/heic")
    assert (reply["page"], reply["pages"]) == (1, 1)
    png = base64.b64decode(reply["image"])
    assert Image.open(io.BytesIO(png)).format == "PNG"
    for body in (png, content):
        text = service.json("POST", "/v1/read", body, "image/heic")[1]["text"]
        assert text == str(digits.labels[0])
