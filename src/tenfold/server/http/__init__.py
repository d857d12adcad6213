"""HTTP without routes: connection, middleware, bodies, errors, counters.

- ``uvicorn_config``, ``addresses``, ``connection``: uvicorn, its address and its connections
- ``middleware``: limits, access and counters around every request
- ``body``, ``images``, ``multipart``: from a body to JSON, images or files
- ``responses``, ``errors``, ``error_handlers``: JSON, and one shape of all errors
- ``job_queue``: slow work, one job after another
- ``metrics``: counters for Prometheus
"""
