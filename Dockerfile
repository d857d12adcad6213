# The service in a container: docs/deployment.md tells how to run it.
FROM python:3.12-slim

WORKDIR /src
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY src ./src
RUN python -m venv /opt/tenfold \
    && /opt/tenfold/bin/pip install --no-cache-dir '.[serve]' \
    && useradd --system --no-create-home tenfold \
    && install -d -o tenfold -g tenfold /samples

USER tenfold
WORKDIR /samples
ENV PYTHONUNBUFFERED=1 TENFOLD_CACHE=/tmp/tenfold
VOLUME /samples
EXPOSE 8010
HEALTHCHECK --start-period=10s CMD ["/opt/tenfold/bin/python", "-c", \
    "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8010/healthz', timeout=5)"]
ENTRYPOINT ["/opt/tenfold/bin/tenfold", "serve", "--host", "0.0.0.0", "--samples", "/samples"]
