# The default target serves bundles on a CPU, without torch:   docker build -t adamml .
# `torch` serves checkpoints as well, and uses a GPU:           docker build -t adamml:torch --target torch .
ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim-bookworm

# ffmpeg with the libraries that it links to, a third of what its packages bring: they are made for
# desktops and depend on drivers of screens.
FROM ${PYTHON_IMAGE} AS ffmpeg
RUN apt-get update && apt-get install -y --no-install-recommends ffmpeg
RUN ldd /usr/bin/ffmpeg /usr/bin/ffprobe | grep -o '=> /[^ ]*' | cut -c4- \
    | sed 's#^/lib/#/usr/lib/#' | grep -v -E '/(libc|libm|libdl|librt|libpthread)\.so' | sort -u > /libraries \
    && mkdir /collected \
    && xargs -a /libraries cp --parents -L -t /collected \
    && cp --parents /usr/bin/ffmpeg /usr/bin/ffprobe /collected

# What every service needs of the system; rarely changes.
FROM ${PYTHON_IMAGE} AS system
COPY --from=ffmpeg /collected/ /
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin adamml \
    && ffmpeg -v error -version > /dev/null && ffprobe -v error -version > /dev/null
ENV PATH=/opt/adamml/bin:/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/adamml \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ADAMML_HOST=0.0.0.0 \
    ADAMML_PORT=8000
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
RUN python3 dependencies.py > requirements.txt \
    && /opt/venv/bin/pip install --no-cache-dir --no-compile --constraint constraints.txt --requirement requirements.txt \
    && /opt/venv/bin/pip uninstall --yes --quiet pip setuptools
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
RUN /opt/venv/bin/pip install --no-cache-dir --no-compile --no-deps --target /opt/adamml .

FROM system AS torch
COPY --from=torch-dependencies /opt/venv /opt/venv
COPY --from=source /opt/adamml /opt/adamml
USER 10001

FROM system AS serve
COPY --from=dependencies /opt/venv /opt/venv
COPY --from=source /opt/adamml /opt/adamml
USER 10001
