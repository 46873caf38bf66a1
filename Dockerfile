# One file for all images: `service` (each service runs it with a command of its own), `proxy`, and `load`, which is
# built for load tests only.
# It keeps to what Docker 20.10 builds: no "# syntax=" line, heredocs or COPY --link.
#
# Base images are pinned by tag. A digest would be stricter, but where no registry is reachable the engine has
# local stand-ins under these names, with digests of their own.

FROM python:3.13-slim AS uv
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore uv==0.13.9
WORKDIR /gatehouse
COPY pyproject.toml uv.lock ./


FROM uv AS build
# Packages first: this layer is built anew only when they change.
RUN uv sync --locked --no-default-groups --no-cache --python "$(command -v python)"
COPY services.toml ./
COPY gatehouse_chassis/ gatehouse_chassis/
# >>> services.toml: packages (written by `make sync`)
COPY auth_service/ auth_service/
COPY items_service/ items_service/
RUN python -m compileall -q gatehouse_chassis auth_service items_service
# <<< services.toml


FROM python:3.13-slim AS service
ENV PATH=/gatehouse/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1
WORKDIR /gatehouse
COPY --from=build /gatehouse ./
# A volume mounted at one of these takes over its owner, so that the service may write there and nowhere else.
# >>> services.toml: state-folders (written by `make sync`)
RUN install -d -o 10001 -g 10001 var/auth var/items
# <<< services.toml
# By number, so that an orchestrator can tell that it is not root.
USER 10001:10001
EXPOSE 8000
# No default service: each container names its own, as python -m auth_service serve.
CMD ["python", "-c", "import sys; sys.exit('Name a command, such as python -m auth_service serve')"]
# Ready, not only alive: what waits for this container waits for its database too.
# On a busy machine the check alone, which starts a Python, takes seconds.
HEALTHCHECK --interval=3s --timeout=10s --start-period=60s --retries=6 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=5)"]


FROM nginxinc/nginx-unprivileged:1.30 AS proxy
WORKDIR /gatehouse
COPY proxy/ proxy/
COPY --from=build /gatehouse/gatehouse_chassis/docs/assets/ docs-assets/
COPY --from=build /gatehouse/.venv/lib/python3.13/site-packages/drf_spectacular_sidecar/static/drf_spectacular_sidecar/ docs-vendor/
ENV DOCS_ASSETS=/gatehouse/docs-assets \
    DOCS_VENDOR=/gatehouse/docs-vendor \
    PROXY_STATE_DIR=/tmp/proxy \
    PROXY_ACCESS_LOG=/dev/stdout \
    GATEHOUSE_BIND=0.0.0.0 \
    GATEHOUSE_PORT=8080
USER 101:101
EXPOSE 8080
ENTRYPOINT ["sh", "/gatehouse/proxy/gateway/start.sh"]
HEALTHCHECK --interval=3s --timeout=3s --start-period=10s --retries=3 \
    CMD ["curl", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:8080/"]


FROM uv AS load-build
RUN uv sync --locked --only-group load --no-cache --python "$(command -v python)"
COPY loadtests/ loadtests/
RUN .venv/bin/python -m compileall -q loadtests


FROM python:3.13-slim AS load
ENV PATH=/gatehouse/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MPLCONFIGDIR=/tmp/matplotlib
WORKDIR /gatehouse
COPY --from=load-build /gatehouse ./
# As above: the volumes for the report and for the accounts of the load tests.
RUN install -d -o 10001 -g 10001 var/load var/load-state
USER 10001:10001
ENTRYPOINT ["python", "-m", "loadtests"]
CMD ["--help"]
