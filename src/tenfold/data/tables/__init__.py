"""Tables of images: from text to labels and pixels.

names       common names of columns
source      the text of a file: compression, encoding, separator, header
records     JSON as a table
columns     what each column is: id, label, split, path or pixel
one_hot     columns of 0 and 1 -> one of labels
labels      labels in a table of their own
table       a table with its columns -> images and labels
splits      tables of several splits
image_list  tables of file names: the images they name
"""
