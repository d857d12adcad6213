"""Questions over many runs: comparison, studies, audits, reproduction.

- ``comparison``: two runs on the same images
- ``rescoring``: a run on original and on corrected labels
- ``robustness``: a run or model file on corrupted images
- ``studies``: grid and random search over recipes
- ``audits``: likely label errors and duplicates of a dataset
- ``reproduction``: the tutorials' published figures
"""
