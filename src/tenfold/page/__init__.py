"""The page: a model and everything to try it, in one HTML file that needs no server.

``document`` writes the file; ``image_map`` places images in a plane. ``modules/`` has the
JavaScript that it shares with the page of the server: the drawing area, ``network.js`` with the
operators of ONNX, ``digit_image.js`` with the crop of ``tenfold.handwriting``. ``app/`` has what
only the file shows, ``templates/`` its HTML.
"""
