"""The HTTP API: shared state, types and endpoints.

- ``routes``: one module per group of endpoints, with its types
- ``schemas``, ``answers``: types and encodings that groups share
- ``service``: the state behind the endpoints: ``served_model``, ``training_data``, ``run_view``
- ``headline``: the accuracy that the page shows first
- ``reading_pool``, ``picture_reading``: processes that read pictures
- ``fast_path``: serves one declared route without FastAPI's layers
- ``openapi``: the API description
"""
