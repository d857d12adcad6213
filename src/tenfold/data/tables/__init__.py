"""Tables of images: from text to labels and pixels.

source      the text of a file: compression, encoding, separator, header
columns     what each column is: id, label, split, path or pixel
table       a table with its columns -> images and labels
splits      tables of several splits
image_list  tables of file names: the images they name
"""
