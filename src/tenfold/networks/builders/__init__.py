"""Functions that build a network, an untrained ``keras.Model``: one module per kind.

A builder takes the shape of one image and the number of classes, then keyword arguments of JSON
types. Their annotations declare type, range and help text (see `tenfold.networks.fields`), so these
modules import Keras only when a network is built. ``tenfold.networks.registry`` lists the builders.
"""
