"""Folders of class folders: splits, nesting, what is left out and what is refused."""

import re
import shutil

import numpy as np
import pytest
from dataset_files import pictures, write_classes, write_npz
from PIL import Image

from tenfold.core.errors import InputError
from tenfold.data import check, load
from tenfold.data.formats import read_raw


def write_images(folder, count=6, seed=0, suffix=".png"):
    folder.mkdir(parents=True, exist_ok=True)
    for i, image in enumerate(pictures(count, seed)[0]):
        Image.fromarray(image).save(folder / f"{seed}-{i}{suffix}")
    return folder


def write_folders(root, *names, **how):
    for seed, name in enumerate(names):
        write_images(root / name, seed=seed, **how)
    return root


def sizes(raw):
    return {split: len(part.labels) for split, part in raw.splits.items()}


@pytest.mark.parametrize("suffix", [".bmp", ".TIF", ".tiff", ".WebP", ".gif", ".pgm", ".JPG"])
def test_images_in_other_formats_are_read(tmp_path, suffix):
    raw = read_raw(write_folders(tmp_path, "a", "b", suffix=suffix))
    assert sizes(raw) == {"train": 12}
    if suffix not in (".JPG", ".WebP"):
        assert np.array_equal(raw.splits["train"].images[6:], pictures(6, 1)[0])


def test_all_pages_of_a_tiff_are_read(tmp_path):
    write_folders(tmp_path, "a", "b")
    images = pictures(3, 7)[0]
    pages = [Image.fromarray(image) for image in images]
    pages[0].save(tmp_path / "b" / "scan.tif", save_all=True, append_images=pages[1:])
    raw = read_raw(tmp_path)
    assert np.array_equal(raw.splits["train"].images[-3:], images)
    assert raw.splits["train"].labels.tolist() == [0] * 6 + [1] * 9


@pytest.mark.parametrize("levels", [np.float32(1), np.uint16(65535), np.uint16(255), np.int32(255)])
def test_deep_images_keep_their_contrast(tmp_path, levels):
    write_folders(tmp_path, "a", "b")
    ramp = np.linspace(0, 1, 784).reshape(28, 28)
    deep = (ramp * levels).astype(levels.dtype)
    Image.fromarray(deep).save(tmp_path / "b" / "deep.tif")
    image = read_raw(tmp_path).splits["train"].images[-1]
    assert np.abs(image - ramp * 255).max() <= 1


def link_to_nothing(folder):
    (folder / "7.png").symlink_to("../.git/annex/objects/7.png")


def animated(folder):
    frames = [Image.fromarray(image) for image in pictures(2)[0]]
    frames[0].save(folder / "7.gif", save_all=True, append_images=frames[1:])


UNREADABLE = {
    "a link to nothing": link_to_nothing,
    "pointer": lambda f: (f / "7.png").write_text("version https://git-lfs.github.com/spec/v1\n"),
    "an animation of 2": animated,
    "none of PNG, JPEG": lambda f: (f / "7.heic").write_bytes(b"\0\0\0\x1cftypheic"),
    "empty file": lambda f: (f / "7.bmp").write_bytes(b""),
}


@pytest.mark.parametrize("reason", UNREADABLE)
def test_files_that_cannot_be_read_are_counted_and_named(reason, tmp_path):
    write_folders(tmp_path, "a", "b")
    UNREADABLE[reason](tmp_path / "b")
    with pytest.raises(InputError, match=f"1 image file cannot be read: .*7.* .*{reason}"):
        load(tmp_path)
    (unreadable,) = check(tmp_path).unreadable
    assert reason in unreadable.reason
    splits = load(tmp_path, validation=0, skip_unreadable=True)
    assert sum(map(len, splits.present().values())) == 12
    assert "1 image file cannot be read, skipped" in splits.source
    assert check(tmp_path, skip_unreadable=True).usable


@pytest.mark.parametrize("classes", [256, 300, 700])
def test_each_of_many_classes_is_in_every_split(classes, tmp_path):
    labels = np.arange(classes * 6) % classes
    x = np.zeros((len(labels), 28, 28), np.uint8)
    splits = load(write_npz(tmp_path / "data.npz", x_train=x, y_train=labels))
    for split in splits.present().values():
        assert np.array_equal(np.unique(split.labels), np.arange(classes))


def test_many_class_folders(tmp_path):
    for name in range(300):
        (tmp_path / f"{name}").mkdir()
        for i in range(2):
            Image.fromarray(pictures(1, name)[0][0]).save(tmp_path / f"{name}" / f"{i}.png")
    splits = load(tmp_path, validation=0)
    assert splits.class_names == tuple(map(str, range(300)))
    assert np.array_equal(np.unique(splits.train.labels), np.arange(300))


CLASSES = ("cat", "dog")


def split_folders(root, *splits):
    for seed, split in enumerate(splits):
        for name in CLASSES:
            write_images(root / split / name, seed=seed)
    return root


def kaggle_mnist_as_jpg(root):
    split_folders(root, "trainingSet/trainingSet")
    write_images(root / "testSet" / "testSet", 4)


def nist_by_class(root):
    for code in ("30", "31", "61"):
        for part in (f"train_{code}", "hsf_0", "hsf_4"):
            write_images(root / "by_class" / code / part)
        (root / "by_class" / code / f"train_{code}.mit").write_text("x")


def junk(root):
    split_folders(root, "train", "test")
    for folder in ("train/cat", "train", "."):
        write_images(root / folder / "@eaDir")
        write_images(root / folder / "__MACOSX")
        (root / folder / ".DS_Store").write_bytes(b"x")
        (root / folder / "Thumbs.db").write_bytes(b"x")


def own_runs(root):
    write_folders(root, *CLASSES)
    write_images(root / "runs" / "2026-01-01-quick")
    (root / "runs" / "2026-01-01-quick" / "run.json").write_text("{}")


def named_like_splits(root):
    write_folders(root, "bus", "test", "train")


LAYOUTS = {
    "train, valid and test": (
        lambda root: split_folders(root, "train", "valid", "test"),
        {"train": 12, "validation": 12, "test": 12},
        CLASSES,
    ),
    "capitals": (
        lambda r: split_folders(r, "Training", "TestSet"),
        {"train": 12, "test": 12},
        CLASSES,
    ),
    "Kaggle's MNIST as JPG": (kaggle_mnist_as_jpg, {"train": 12}, CLASSES),
    "NIST by class": (nist_by_class, {"train": 18, "test": 18}, ("0", "1", "a")),
    "an enclosing folder": (
        lambda root: split_folders(root / "mnist_png" / "mnist_png", "training", "testing"),
        {"train": 12, "test": 12},
        CLASSES,
    ),
    "splits below classes": (
        lambda root: [write_folders(root / c, "train", "test") for c in CLASSES],
        {"train": 12, "test": 12},
        CLASSES,
    ),
    "files of other systems": (junk, {"train": 12, "test": 12}, CLASSES),
    "its own runs": (own_runs, {"train": 12}, CLASSES),
    "empty runs": (
        lambda root: [write_folders(root, *CLASSES), (root / "runs").mkdir()],
        {"train": 12},
        CLASSES,
    ),
    "classes named like splits": (named_like_splits, {"train": 18}, ("bus", "test", "train")),
    "split names within splits": (
        lambda root: write_folders(root / "train", "cat", "test", "val"),
        {"train": 18},
        ("cat", "test", "val"),
    ),
    "nested folders of a class": (
        lambda root: write_folders(root, "cat/tabby", "cat/black", "dog"),
        {"train": 18},
        CLASSES,
    ),
    "a class missing in test": (
        lambda root: [split_folders(root, "train", "test"), shutil.rmtree(root / "test" / "cat")],
        {"train": 12, "test": 6},
        CLASSES,
    ),
    "a test split without classes": (
        lambda root: [split_folders(root, "train"), write_images(root / "test")],
        {"train": 12},
        CLASSES,
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout, tmp_path):
    write, expected, names = LAYOUTS[layout]
    write(tmp_path)
    raw = read_raw(tmp_path)
    assert sizes(raw) == expected
    assert raw.class_names == names


def test_what_is_left_out_is_noted(tmp_path):
    kaggle_mnist_as_jpg(tmp_path)
    (tmp_path / "trainingSet" / "trainingSet" / "cat" / "notes.txt").write_text("x")
    warnings = check(tmp_path).warnings
    assert any("testSet has no class folders, left out" in line for line in warnings)
    assert any("1 other files, left out" in line for line in warnings)


REFUSED = {
    "several train folders, train and": lambda r: split_folders(r, "train", "training"),
    "holds 2 datasets (a, b); give": lambda root: [split_folders(root / n, "train") for n in "ab"],
    "could be the classes: images, masks, or in each of them": lambda r: split_folders(
        r, "images", "masks"
    ),
    "only one class ('a'); at least two are needed: give the folder that holds": lambda root: [
        write_folders(root, "a")
    ],
    "in each of them s1, s2; for the first": lambda root: [
        write_folders(root / name, "s1", "s2") for name in "abcd"
    ],
    "holds 6 images beside or without folders of splits": lambda root: [
        *(write_folders(root / name, "train") for name in "ab"),
        write_images(root / "c"),
    ],
    "holds images, but no class folders": lambda root: write_folders(root, "train", "test"),
    "holds test, val and no train folder": lambda root: split_folders(root, "test", "val"),
    "bird is not in train": lambda root: [
        split_folders(root, "train", "test"),
        write_images(root / "test" / "bird"),
    ],
}


@pytest.mark.parametrize("message", REFUSED)
def test_ambiguous_layouts_are_refused(message, tmp_path):
    REFUSED[message](tmp_path)
    with pytest.raises(InputError, match=re.escape(message)):
        load(tmp_path)


def test_no_message_advises_to_remove_anything(tmp_path):
    write_classes(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError) as caught:
        load(tmp_path)
    assert "remove" not in str(caught.value)
