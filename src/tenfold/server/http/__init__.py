"""HTTP without routes: connection, middleware, bodies, errors, counters.

- ``addresses``, ``connection``: where the service listens, uvicorn and its connections
- ``middleware``: limits, access and counters around every request
- ``tokens``: what they allow, and the time that guessing them takes
- ``body``, ``images``, ``multipart``: from headers and body to JSON, images or files
- ``responses``, ``errors``: JSON, content with an ETag, and one shape of all errors
- ``job_queue``: slow work, one job after another
- ``metrics``: counters for Prometheus
"""
