"""SHA-256 of files and bytes."""

import hashlib

from tenfold.core.checksums import sha256

CONTENT = bytes(range(256)) * 4096


def test_sha256_of_a_file_is_that_of_its_bytes(tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    assert (
        sha256(tmp_path / "file")
        == sha256(CONTENT)
        == sha256(memoryview(CONTENT))
        == hashlib.sha256(CONTENT).hexdigest()
    )
