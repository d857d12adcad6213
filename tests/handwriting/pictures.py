"""Pictures of digits for tests: enlarged, composed to pages, photographed."""

import io

import numpy as np
from PIL import Image, ImageFilter

PAPER, PEN = 215, 50


def enlarged(image, times=6):
    size = (image.shape[1] * times, image.shape[0] * times)
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))


def photographed(image, times, rng):
    """Ink on textured paper under slanting light, out of focus, noisy, as JPEG."""
    ink = np.pad(enlarged(image, times) / 255, rng.integers(0, 4 * times, (2, 2)))
    rows, columns = np.indices(ink.shape) / np.array(ink.shape)[:, None, None]
    texture = rng.normal(0, 4, ink.shape)
    light = 1 - 0.4 * (rng.random() * rows + rng.random() * columns)
    levels = ((PAPER + texture) * (1 - ink) + PEN * ink) * light + rng.normal(0, 4, ink.shape)
    picture = Image.fromarray(levels.clip(0, 255).astype(np.uint8))
    return as_jpeg(picture.filter(ImageFilter.GaussianBlur(0.15 * times)))


def as_jpeg(picture):
    file = io.BytesIO()
    picture.convert("RGB").save(file, "JPEG", quality=75)
    return Image.open(file)


def composed(rows, digits, times=3, pitch=26, line=40):
    """Ink in [0, 1] of lines of text, one digit or space every `pitch` pixels."""
    width = (max(map(len, rows)) + 1) * pitch * times
    ink = np.zeros(((len(rows) * line + 12) * times, width))
    for row, text in enumerate(rows):
        for column, character in enumerate(text):
            if character != " ":
                image = enlarged(digits[int(character)], times) / 255
                top, left = (row * line + 12) * times, (column * pitch + 12) * times
                area = ink[top : top + len(image), left : left + len(image)]
                np.maximum(area, image[:, : area.shape[1]], out=area)
    return ink


def on_paper(ink, paper=PAPER, pen=PEN):
    return (paper + (pen - paper) * ink).round().astype(np.uint8)


def text_by_similarity(detected, digits):
    """The text of detected digits, each crop labelled as the most similar of the digits used."""
    references = np.stack([digits[d] for d in range(10)]).reshape(10, -1).astype(float)
    references /= np.linalg.norm(references, axis=1, keepdims=True)
    similarity = detected.crops.reshape(len(detected.crops), -1) @ references.T
    return detected.text(similarity.argmax(axis=1))


def saved(picture, path, **options):
    picture.save(path, **options)
    return path
