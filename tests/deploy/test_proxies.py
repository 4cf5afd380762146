"""The configurations in docs/security.md: the proxies take them, and pass on what counts."""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "service"))

from server_process import ServerProcess, free_port

SERVE_FAKE = Path(__file__).parents[1] / "service" / "serve_fake.py"
TEXT = (Path(__file__).parents[2] / "docs" / "security.md").read_text()


def block(name):
    (found,) = re.findall(rf"^```{name}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return found


def needs(program):
    """Its path: Debian keeps some from users' own."""
    path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path


@pytest.fixture
def certificate(tmp_path):
    """One file with the certificate and its key, as HAProxy wants; nginx takes it twice."""
    x509 = pytest.importorskip("cryptography.x509", reason="it makes the certificate")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "video.example.org")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    told = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    signed = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    path = tmp_path / "site.pem"
    path.write_bytes(signed + told)
    return path


def nginx_file(folder, certificate, port, service=8000):
    """The block where distributions include it, in a folder that any user may write to."""
    text = block("nginx").replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
    text = re.sub(r"/etc/nginx/site\.\w+", str(certificate), text)
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{service}")
    kept = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "\n".join(f"{name}_temp_path {folder}/{name};" for name in kept)
    head = f"pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\n"
    path = folder / "nginx.conf"
    path.write_text(f"{head}http {{\naccess_log off;\n{places}\n{text}}}\n")
    return path


def haproxy_file(folder, certificate, port, service=8000):
    text = block("haproxy").replace("/etc/haproxy/site.pem", str(certificate))
    text = text.replace("bind :443", f"bind 127.0.0.1:{port}")
    path = folder / "haproxy.cfg"
    path.write_text(text.replace("127.0.0.1:8000", f"127.0.0.1:{service}"))
    return path


def caddy_file(folder, port=None, service=8000):
    """With a port: there without TLS, and nothing else on the machine."""
    text = block("caddy").replace("127.0.0.1:8000", f"127.0.0.1:{service}")
    if port is not None:
        text = text.replace("video.example.org", f"http://127.0.0.1:{port}")
        text = text.replace("    servers {", "    admin off\n    auto_https off\n    servers {")
    path = folder / "Caddyfile"
    path.write_text(text)
    return path


def check(command, folder):
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    finished = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env=environment, cwd=folder
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout + finished.stderr


def test_nginx(tmp_path, certificate):
    path = nginx_file(tmp_path, certificate, free_port())
    program = needs("nginx")

    told = check(
        [program, "-t", "-p", tmp_path, "-c", path, "-e", tmp_path / "error.log"], tmp_path
    )

    assert "[warn]" not in told
    path.write_text(path.read_text().replace("proxy_buffering", "proxy_bufering"))
    with pytest.raises(AssertionError, match="unknown directive"):
        check([program, "-t", "-c", path, "-e", tmp_path / "error.log"], tmp_path)


def test_caddy(tmp_path):
    command = [needs("caddy"), "validate", "--config", caddy_file(tmp_path)]

    assert "Valid configuration" in check([*command, "--adapter", "caddyfile"], tmp_path)


def test_haproxy(tmp_path, certificate):
    command = [needs("haproxy"), "-c", "-f", haproxy_file(tmp_path, certificate, free_port())]

    told = check(command, tmp_path)

    assert "[ALERT]" not in told
    assert "[WARNING]" not in told


def test_each_sends_to_the_service_and_keeps_the_inside_inside():
    for name in ("nginx", "caddy", "haproxy"):
        text = block(name)
        assert "127.0.0.1:8000" in text
        for route in ("metrics", "admin", "docs"):
            assert route in text


@pytest.fixture
def service(tmp_path):
    server = ServerProcess([sys.executable, SERVE_FAKE], tmp_path)
    yield server.wait_until_ready(60)
    server.kill()


@pytest.fixture(params=["nginx", "caddy", "haproxy"])
def proxy(request, tmp_path, certificate, service):
    """Connects to the proxy, which is in front of the service."""
    port, folder = free_port(), tmp_path / "proxy"
    folder.mkdir()
    if request.param == "nginx":
        path = nginx_file(folder, certificate, port, service.port)
        path.write_text(f"daemon off;\nmaster_process off;\n{path.read_text()}")
        command = [needs("nginx"), "-c", path, "-e", folder / "error.log"]
    elif request.param == "haproxy":
        path = haproxy_file(folder, certificate, port, service.port)
        command = [needs("haproxy"), "-f", path]
    else:
        path = caddy_file(folder, port, service.port)
        command = [needs("caddy"), "run", "--config", path, "--adapter", "caddyfile"]
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=environment, **quiet) as process:
        yield lambda: connected(port, is_secret=request.param != "caddy")
        process.kill()


def connected(port, *, is_secret):
    """Waits until somebody listens."""
    end = time.monotonic() + 20
    while True:
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=20)
            break
        except ConnectionRefusedError:
            assert time.monotonic() < end, "the proxy does not listen"
            time.sleep(0.05)
    if not is_secret:
        return connection
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(connection)


def post(connection, body, host="127.0.0.1"):
    head = f"POST /classify HTTP/1.1\r\nHost: {host}\r\nContent-Type: video/mp4\r\n"
    connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


def test_a_client_that_leaves_is_heard_of(proxy, service):
    """Not all proxies tell by themselves, see the options in their blocks. A body that begins with
    `slow` is answered after a second; of one that comes with its head HAProxy never tells."""
    with proxy() as connection:
        post(connection, b"video")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    with proxy() as connection:
        post(connection, b"slow" + bytes(300_000))
        wait_until(lambda: "in_progress 1.0" in metrics(service) and service.files())
        time.sleep(0.1)  # for the rest of it
    wait_until(lambda: "in_progress 0.0" in metrics(service))

    assert 'adamml_requests_total{route="/classify",status="499"} 1.0' in metrics(service)


def metrics(service):
    return service.client.get("/metrics").text


def wait_until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
