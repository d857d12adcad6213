"""Datasets: loading, splitting, checking and correcting images with labels.

dataset          `Dataset` and `Splits`
frozen           arrays as a dataset holds them: converted, consistent, read-only
checksums        of all images and labels, and of each image
origin           the arguments that load splits again
loading          `load`: from a name or a path to splits
formats/         one module a data format, behind a registry
raw_data         what a format reads, before any image is held out
arrays           arrays in memory, such as `(x, y)`, as raw data
convert          arrays -> uint8 images and int64 labels
tables/          tables of images: columns, labels, pixels
value_range      which values of pixels are black and white
raw_images       images of all splits, converted together
channels         grey or colour, decided for all splits
prediction_inputs  images to predict: folders, tables, arrays
mapping          names of classes by codes of characters, as EMNIST has them
multi_label      rows of 0 and 1: one class an image, or several labels
classes          labels as people have them -> numbers and class names
relabelling      labels of a network's classes
array_types      types of images and labels
image_files      image files, NPY and NPZ files, one by one
image_tree       a folder of image files: its splits and classes
array_sets       arrays by name -> images and labels of each split
items            values in memory: images, labels, pairs of them, tensors
foreign          datasets of other libraries -> images, labels, class names
in_memory        datasets in memory as raw data
decoding         encoded images of a split -> arrays
containers       files that are no data, recognized to say what to do with them
picture_files    pictures of one or more pages, HEIC, AVIF and PDF, too
corruptions      fifteen kinds of corrupted images
visible          what counts in a folder of data
sources          named datasets: addresses, checksums, licences
dataset_cache    named datasets on disk: verified, then memory-mapped
lazy_images      selections of images that stay memory-mapped
splitting        stratified samples
checking         `check`: statistics, duplicates and problems of a dataset
polarity         light ink on dark, or dark on light
corrections      a table of images to relabel or drop
samples          images labelled by the user, stored one by one
sheet_layout     geometry of the sheets to write digits on
synthetic/       non-digits, and handwriting styles that MNIST lacks
reference        the reference page of formats
"""

from tenfold.core.read_options import ReadOptions
from tenfold.data.checking import DuplicateGroup, Report, SplitReport, check
from tenfold.data.corrections import Correction, Corrections
from tenfold.data.dataset import Dataset, Splits
from tenfold.data.loading import load
from tenfold.data.origin import Origin
from tenfold.data.raw_data import Unreadable
from tenfold.data.sources import SOURCES, Source, names

__all__ = [
    "SOURCES",
    "Correction",
    "Corrections",
    "Dataset",
    "DuplicateGroup",
    "Origin",
    "ReadOptions",
    "Report",
    "Source",
    "SplitReport",
    "Splits",
    "Unreadable",
    "check",
    "load",
    "names",
]
