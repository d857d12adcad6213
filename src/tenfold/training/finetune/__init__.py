"""Fine-tuning: pretrained networks, trained further on the user's images.

- ``pretrained``: the networks to start from.
- ``preparation``: their recipe, data and weights.
- ``gains``: accuracy before and after.

The data are in ``tenfold.runs.finetune_data``, since a run loads them again.
"""
