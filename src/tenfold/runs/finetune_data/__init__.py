"""The data of a fine-tuned run.

- ``user_data``: the user's images, and the part of them that is held out.
- ``rehearsal``: the data that a pretrained network was trained on.
- ``mixture``: both mixed, so that the network learns the one and does not forget the other.
"""
