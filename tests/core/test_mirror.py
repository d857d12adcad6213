"""Mirrors of folders elsewhere, on `memory://`: what is copied, in which order, and removed."""

import pytest

from tenfold import InputError
from tenfold.core import patience
from tenfold.core.mirror import Mirror, mirror_of
from tenfold.core.places import place

pytest.importorskip("upath")
memory = pytest.importorskip("fsspec.implementations.memory").MemoryFileSystem

FILES = {"a/run.json": "1", "a/deep/x.npz": "2", "ab/run.json": "3", "a/.hidden": "4"}


@pytest.fixture
def source():
    memory.store.clear()
    yield place("memory://lab/study")
    memory.store.clear()


@pytest.fixture
def filled(source):
    """A mirror whose folder has all files, of which ``a`` is uploaded."""
    mirror = Mirror(source)
    for name, text in FILES.items():
        path = mirror.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    mirror.push("a", last="run.json")
    return mirror


def stored():
    return {
        name.removeprefix("/lab/study/"): file.getvalue() for name, file in memory.store.items()
    }


def test_a_folder_is_uploaded_without_hidden_files_and_again_only_as_it_changes(
    filled, monkeypatch
):
    assert stored() == {"a/run.json": b"1", "a/deep/x.npz": b"2"}
    sent, pipe = [], memory.pipe
    monkeypatch.setattr(memory, "pipe", lambda self, files: (sent.extend(files), pipe(self, files)))
    filled.push("a")
    assert not sent
    (filled.folder / "a/deep/x.npz").write_text("twenty")
    (filled.folder / "a/run.json").write_text("ten")
    filled.push("a", last="run.json")
    assert sent == ["/lab/study/a/deep/x.npz", "/lab/study/a/run.json"]
    (filled.folder / "a/deep/x.npz").unlink()
    filled.push("a")
    assert stored() == {"a/run.json": b"ten"}


def test_what_changed_or_was_removed_elsewhere_is_copied(filled, source):
    filled.push("ab")
    other = Mirror(source)
    other.pull("a")
    assert sorted(p.name for p in other.folder.rglob("*.*")) == ["run.json", "x.npz"]
    other.pull(wanted=lambda name: name.endswith("run.json"))
    assert (other.folder / "ab/run.json").read_text() == "3"
    (source / "a/run.json").write_text("changed")
    (source / "a/deep/x.npz").unlink()
    other.pull()
    assert (other.folder / "a/run.json").read_text() == "changed"
    assert not (other.folder / "a/deep/x.npz").exists()
    other.drop("a")
    assert sorted(p.name for p in other.folder.iterdir()) == ["ab"]
    other.pull()
    assert (other.folder / "a/run.json").read_text() == "changed"


def test_storage_that_fails_is_tried_again_then_named(filled, source, monkeypatch):
    waits, find = [], memory.find
    monkeypatch.setattr(patience.time, "sleep", waits.append)

    def fail(self, *arguments, **options):
        if len(waits) < failures:
            raise OSError(5, "the storage is away")
        return find(self, *arguments, **options)

    monkeypatch.setattr(memory, "find", fail)
    failures = 2
    Mirror(source).pull()
    assert waits == [1, 5]
    failures = 9
    with pytest.raises(InputError, match=r"memory://lab/study: the storage fails .*goes on"):
        Mirror(source).pull()


def test_errors_name_the_place_and_a_folder_of_this_machine_is_its_own_mirror(source, tmp_path):
    mirror = Mirror(source)
    with pytest.raises(InputError, match=r"^memory://lab/study/a: no$"), mirror.named():
        raise InputError(f"{mirror.folder}/a: no")
    here = mirror_of(tmp_path)
    here.pull()
    here.push("a")
    here.drop("a")
    assert here.folder == tmp_path
    assert mirror_of(source) is mirror_of(place(str(source)))
