"""Mirrors: folders of storage elsewhere, worked on in folders of this machine."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from tenfold.core.errors import InputError
from tenfold.core.patience import patiently
from tenfold.core.places import explained, is_remote, names_in, place, read_all, version_of
from tenfold.core.scratch import make_scratch


class Mirror:
    """A folder of this machine with files of a folder elsewhere, copied when told so.

    The mirror of a folder of this machine is that folder, and nothing is copied. Objects are
    uploaded whole; hidden files stay here.

    Args:
        source: path of `tenfold.core.places.place`.

    Attributes:
        source: as given.
        folder: where the files are on this machine; removed when the process ends.

    Example:
        >>> mirror, other = Mirror(place("memory://lab")), Mirror(place("memory://lab"))
        >>> _ = (mirror.folder / "notes.txt").write_text("complete")
        >>> mirror.push("notes.txt")
        >>> other.pull()
        >>> (other.folder / "notes.txt").read_text()
        'complete'
    """

    def __init__(self, source: Path) -> None:
        self.source = self.folder = source
        self._there = dict[str, object]()
        """Versions of the objects that are copied here, by name."""
        self._here = dict[str, object]()
        """Versions of the files that are the same there."""
        if is_remote(source):
            self.folder = make_scratch()

    def pull(self, within: str = "", wanted: Callable[[str], bool] = bool) -> None:
        """Copy what changed there since the last time, and remove what is there no more.

        Args:
            within: a folder; "" for all.
            wanted: takes a name in it, such as ``cell/run.json``.

        Raises:
            InputError: the storage fails.
        """
        if is_remote(self.source):
            with explained(self.source):
                patiently(lambda: self._pull(within, wanted))

    def _pull(self, within: str, wanted: Callable[[str], bool]) -> None:
        remote: Any = self.source / within if within else self.source
        remote.fs.invalidate_cache()  # other processes write, too
        found = {
            self._name(path): version_of(about) or object()
            for path, about in remote.fs.find(remote.path, detail=True).items()
        }
        new = [n for n, v in found.items() if wanted(n) and self._there.get(n) != v]
        contents = read_all([self.source / name for name in new])
        for name, content in zip(new, contents, strict=True):
            if isinstance(content, FileNotFoundError):  # removed meanwhile
                continue
            if isinstance(content, Exception):
                raise content
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            self._there[name], self._here[name] = found[name], _version(path)
        for name in [n for n in self._of(within) if wanted(n) and n not in found]:
            (self.folder / name).unlink(missing_ok=True)
            self._forget(name)

    def push(self, name: str, last: str = "") -> None:
        """Upload a file or folder as far as it changed, and remove there what was removed here.

        Args:
            name: of the file or folder.
            last: name of the file that is uploaded after the others, which it declares complete.

        Raises:
            InputError: the storage fails.
        """
        if is_remote(self.source):
            with explained(self.source):
                patiently(lambda: self._push(name, last))

    def _push(self, name: str, last: str) -> None:
        remote: Any = self.source
        path = self.folder / name
        here = {name} if path.is_file() else {f"{name}/{each}" for each in names_in(path)}
        versions = {each: _version(self.folder / each) for each in here}
        changed = {n: v for n, v in versions.items() if self._here.get(n) != v}
        final = changed.keys() & {f"{name}/{last}"}
        for some in (changed.keys() - final, final):
            files = {(self.source / n).path: (self.folder / n).read_bytes() for n in some}  # type: ignore[attr-defined]
            if files:
                remote.fs.pipe(files)
            self._here |= {each: changed[each] for each in some}
        for gone in [each for each in self._of(name) if each not in here]:
            (self.source / gone).unlink(missing_ok=True)
            self._forget(gone)

    def drop(self, name: str) -> None:
        """Remove the copy of a folder here, unless it is the only one."""
        if is_remote(self.source):
            shutil.rmtree(self.folder / name, ignore_errors=True)
            for each in self._of(name):
                self._forget(each)

    @contextmanager
    def named(self) -> Iterator[None]:
        """Name the place elsewhere in errors of the block, instead of the folder here."""
        try:
            yield
        except InputError as error:
            if not is_remote(self.source):
                raise
            message = str(error).replace(str(self.folder), str(self.source))
            raise InputError(message) from error

    def _name(self, path: str) -> str:
        source: Any = self.source
        return path.removeprefix(source.path).lstrip("/")

    def _of(self, name: str) -> list[str]:
        """The files that are the same here and there, of a file or folder; "" for all."""
        return [each for each in self._here if not name or f"{each}/".startswith(f"{name}/")]

    def _forget(self, name: str) -> None:
        self._there.pop(name, None)
        self._here.pop(name, None)


@cache
def _mirror(source: str) -> Mirror:
    return Mirror(place(source))


def mirror_of(source: Path) -> Mirror:
    """Return the mirror of a folder, of which a process has one for each folder elsewhere."""
    return _mirror(str(source)) if is_remote(source) else Mirror(source)


def _version(path: Path) -> object:
    about = path.stat()
    return about.st_size, about.st_mtime_ns
