"""Picture files of one or more pages: what Pillow reads, and HEIC, AVIF and PDF."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tenfold.core import limits
from tenfold.core.errors import InputError
from tenfold.data.image_files import FORMATS

if TYPE_CHECKING:
    from PIL.Image import Image

ALL_FORMATS = (*FORMATS, "AVIF", "HEIC", "PDF")
"""Formats of pictures, as messages name them."""

_PAGED = ("TIFF",)
_ANIMATED = ("GIF", "PNG", "WEBP", "AVIF")
_PDF_MARK_WITHIN = 1024  # bytes before the mark of a PDF file that readers accept


def kind_of(header: bytes) -> str:
    """Return ``HEIC``, ``AVIF`` or ``PDF`` by the first bytes of a file, or an empty string.

    Example:
        >>> kind_of(b"%PDF-1.7"), kind_of(b"GIF89a")
        ('PDF', '')
    """
    if header[4:8] == b"ftyp":
        brands = {header[8:12], *(header[i : i + 4] for i in range(16, _box_end(header), 4))}
        if brands & {b"avif", b"avis"}:
            return "AVIF"
        if brands & {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}:
            return "HEIC"
    return "PDF" if b"%PDF-" in header[:_PDF_MARK_WITHIN] else ""


class PictureFile:
    """An opened file of pictures; a context manager.

    Args:
        source: the file, or its content.
        name: in messages.

    Attributes:
        n_pages: number of pages; 1 for all but TIFF and PDF.

    Raises:
        InputError: the file is missing, empty, damaged, animated, in another format, or needs a
            package that is not installed.
    """

    def __init__(self, source: Path | bytes, name: str) -> None:
        self.name = name
        if isinstance(source, Path):
            _check_file(source)
            with source.open("rb") as file:
                kind = kind_of(file.read(_PDF_MARK_WITHIN))
        else:
            kind = kind_of(source[:_PDF_MARK_WITHIN])
        self._document: Any = None
        self._image: Image | None = None
        if kind == "PDF":
            self._document = _open_pdf(source, name)
            self.n_pages = len(self._document)
        else:
            self._image = image = _open_image(source, name, kind)
            self.n_pages = getattr(image, "n_frames", 1) if image.format in _PAGED else 1
        if not self.n_pages:
            raise InputError(f"{name} has no pages")

    def page(self, number: int) -> Image:
        """Return a page, not yet decoded if it is the first of an image.

        Args:
            number: from 1.

        Raises:
            InputError: there is no such page, or it is damaged or too large.
        """
        if not 1 <= number <= self.n_pages:
            raise InputError(f"{self.name} has {self.n_pages} pages; there is no page {number}")
        if self._image is None:
            return _render(self._document, number, f"{self.name}, page {number}")
        if self.n_pages == 1:
            return self._image
        try:
            self._image.seek(number - 1)
            read_without_mapping(self._image)
            check_size(self.name, *self._image.size)
            page = self._image.copy()
            page.format = self._image.format
        except InputError:
            raise
        except Exception as error:  # Pillow's decoders raise many types for damaged files
            raise InputError(f"{self.name}, page {number}: {_reason(error)}") from error
        return page

    def pages(self) -> Iterator[Image]:
        """Yield all pages, one at a time."""
        return map(self.page, range(1, self.n_pages + 1))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for opened in (self._document, self._image):
            if opened is not None:
                opened.close()


def check_size(name: str, width: int, height: int) -> None:
    """Refuse a picture over the limit.

    Raises:
        InputError: it has more than 50 megapixels.
    """
    if width * height > limits.MAX_PICTURE_PIXELS:
        raise InputError(
            f"{name} has {width}x{height} pixels, over {limits.MAX_PICTURE_PIXELS:,}; "
            "reduce or crop it first"
        )


def _box_end(header: bytes) -> int:
    """End of the list of brands, within the bytes that are there."""
    return min(int.from_bytes(header[:4], "big"), len(header)) // 4 * 4


def _check_file(path: Path) -> None:
    if not path.is_file():
        kind = "is a folder" if path.is_dir() else "does not exist"
        raise InputError(f"{path} {kind}; give one picture file")
    if not path.stat().st_size:
        raise InputError(f"{path} is an empty file; give a picture")


def _open_image(source: Path | bytes, name: str, kind: str) -> Image:
    import PIL
    from PIL import Image as pillow

    formats = (*FORMATS, _add_format(kind, name)) if kind else FORMATS
    try:
        with warnings.catch_warnings():
            # check_size applies a lower limit than Pillow's warning.
            warnings.simplefilter("ignore", pillow.DecompressionBombWarning)
            image: Image = pillow.open(
                source if isinstance(source, Path) else io.BytesIO(source), formats=formats
            )
    except PIL.UnidentifiedImageError as error:
        allowed = ", ".join(ALL_FORMATS)
        raise InputError(f"{name} is not a picture; allowed are {allowed}") from error
    except pillow.DecompressionBombError as error:
        raise InputError(
            f"{name} has over {limits.MAX_PICTURE_PIXELS:,} pixels; reduce it first"
        ) from error
    except Exception as error:  # decoders raise many types for damaged files
        if isinstance(error, OSError) and error.errno:  # of the file system
            raise
        raise InputError(f"{name} cannot be decoded ({_reason(error)}); save it again") from error
    try:
        check_size(name, *image.size)
        frames = _count_frames(image, name)
        if frames > 1 and image.format in _ANIMATED:
            raise InputError(f"{name} is an animation of {frames} pictures; give one of them")
    except InputError:
        image.close()
        raise
    return image


def _count_frames(image: Image, name: str) -> int:
    try:
        with warnings.catch_warnings():  # of Pillow, before it gives up
            warnings.simplefilter("ignore", UserWarning)
            return int(getattr(image, "n_frames", 1))
    except Exception as error:  # the list of pages is damaged, or ends within the file
        raise InputError(f"{name} cannot be decoded ({_reason(error)}); save it again") from error


def read_without_mapping(image: Image) -> None:
    """Let Pillow read an image that is not yet decoded, not map its file into memory.

    Pillow 13.0 maps uncompressed TIFF files of orientations 5 to 8 with their width and height
    exchanged: https://github.com/python-pillow/Pillow/blob/13.0.0/src/PIL/ImageFile.py
    """
    if image.format == "TIFF":
        image.filename = ""  # type: ignore[attr-defined]  # of an ImageFile


def _add_format(kind: str, name: str) -> str:
    """Let Pillow read a format, and return Pillow's name of it.

    Raises:
        InputError: it needs a package that is not installed.
    """
    if kind == "HEIC":
        try:
            from pillow_heif import register_heif_opener
        except ImportError:
            raise InputError(
                f"{name} is a HEIC picture; pip install 'tenfold[heic]' to read it, or save it as "
                "JPEG"
            ) from None
        register_heif_opener()
        return "HEIF"
    from PIL import features

    if not features.check("avif"):
        raise InputError(
            f"{name} is an AVIF picture; pip install -U 'pillow>=11.3' to read it, or save it as "
            "PNG"
        )
    return "AVIF"


def _open_pdf(source: Path | bytes, name: str) -> Any:
    try:
        import pypdfium2
    except ImportError:
        raise InputError(
            f"{name} is a PDF document; pip install 'tenfold[pdf]' to read its pages, or save them "
            "as PNG"
        ) from None
    try:
        return pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise InputError(f"{name} is protected by a password; save it without one") from None
        raise InputError(f"{name} cannot be opened ({_reason(error)}); save it again") from error


def _render(document: Any, number: int, name: str) -> Image:
    """Render a page of a PDF document, its longer side at the largest size that is read."""
    try:
        page = document[number - 1]
        longer = max(page.get_size())
        image: Image = page.render(scale=limits.MAX_PICTURE_SIDE / longer).to_pil()
        page.close()
    except Exception as error:  # PDFium's, and of sizes that make no picture
        raise InputError(f"{name} cannot be rendered ({_reason(error)})") from error
    return image


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")[:100] or type(error).__name__
