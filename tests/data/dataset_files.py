"""Files and folders of small datasets in every format, for tests."""

import gzip

import numpy as np
import pandas as pd
from PIL import Image

from tenfold.data.formats.idx import idx_bytes

DIGITS = tuple("0123456789")


def pictures(count, seed=0, classes=3):
    """Random images with labels in turn: 0, 1, 2, 0, ..."""
    images = np.random.default_rng(seed).integers(0, 256, (count, 28, 28), np.uint8)
    return images, np.arange(count) % classes


def write_idx(folder, split="train", count=36, seed=0, packed=False, **labels):
    folder.mkdir(parents=True, exist_ok=True)
    images, classes = pictures(count, seed)
    classes = labels.get("labels", classes)
    write = gzip.compress if packed else bytes
    end = ".gz" if packed else ""
    (folder / f"{split}-images-idx3-ubyte{end}").write_bytes(write(idx_bytes(images)))
    data = idx_bytes(np.asarray(classes, np.uint8))
    (folder / f"{split}-labels-idx1-ubyte{end}").write_bytes(write(data))
    return folder


def write_npz(path, **arrays):
    x, y = pictures(36)
    np.savez(path, **({"x_train": x, "y_train": y} | arrays))
    return path


def write_csv(path, count=36, header=True, seed=0):
    images, labels = pictures(count, seed)
    table = pd.DataFrame(images.reshape(count, -1), columns=[f"pixel{i}" for i in range(784)])
    table.insert(0, "label", labels)
    table.to_csv(path, index=False, header=header)
    return path


def write_classes(folder, count=36, seed=0, side=28, suffix=".png", class_names=DIGITS):
    images, labels = pictures(count, seed)
    for position, (image, label) in enumerate(zip(images, labels, strict=True)):
        class_folder = folder / class_names[label]
        class_folder.mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray(image).resize((side, side))
        picture.save(class_folder / f"{position}{suffix}")
    return folder


def by_content(dataset):
    """Images with their class names, in no order."""
    return sorted(
        (image.tobytes(), dataset.class_names[label])
        for image, label in zip(dataset.images, dataset.labels, strict=True)
    )


def idx_folder(path):
    write_idx(path, "t10k", 12, 1)
    return write_idx(path)


def csv_competition(path):
    path.mkdir()
    write_csv(path / "train.csv")
    pd.read_csv(write_csv(path / "test.csv", 12)).drop(columns="label").to_csv(
        path / "test.csv", index=False
    )
    return path


def changed(path, change):
    path.write_bytes(change(path.read_bytes()))


def corrupt(folder):
    changed(folder / "0" / "0.png", lambda content: content[:200])
    (folder / "1" / "1.png").write_bytes(b"")
    (folder / "2" / "2.png").write_bytes(b"no picture")
    (folder / "2" / "5.png").write_bytes(b"\x89PNG\r\n\x1a\n")
