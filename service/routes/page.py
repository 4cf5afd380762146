"""What browsers get: the page at /, and at /docs the API by Swagger UI, with the files of both.

No build step: modules and styles that a browser runs as they lie here. Addresses are relative, so
that all works below a prefix as well; the policy lets nothing in from elsewhere, and in the page no
script or style that stands in the document.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from service.problems.errors import NotFoundError
from service.threads import in_thread

router = APIRouter()

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_POLICY = {
    "default-src": "'none'",
    "connect-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    # The video that is played is the user's own file, which has an address inside the browser.
    "media-src": "'self' blob:",
    "img-src": "'self' blob:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
}
# Swagger UI writes HTML by itself, has its icons as data, and styles beside its elements.
_DOCS_POLICY = {
    **{name: value for name, value in _POLICY.items() if name != "require-trusted-types-for"},
    "img-src": "'self' data:",
    "style-src": "'self' 'unsafe-inline'",
}
_HEADERS = {
    # Asked for again each time, answered with 304 while nothing has changed.
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Encoding",
}
# FastAPI's own page of documents asks a content network for these; a package brings them.
_SWAGGER_FILES = ("swagger-ui-bundle.js", "swagger-ui.css")


@dataclass(frozen=True, slots=True)
class PageFile:
    content: bytes
    compressed: bytes
    media_type: str
    etag: str


@router.get("/", include_in_schema=False)
async def page(request: Request) -> Response:
    return _answer(request, page_files()["index.html"])


@router.get("/page/{name}", include_in_schema=False)
async def page_file(request: Request, name: str) -> Response:
    return _answer(request, _found(page_files(), name))


@router.get("/docs", include_in_schema=False)
async def docs(request: Request) -> Response:
    return _answer(request, page_files()["docs.html"], _DOCS_POLICY)


@router.get("/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> JSONResponse:
    # The first time it is made, which takes a tenth of a second.
    return JSONResponse(await in_thread(None, request.app.openapi))


@router.get("/docs/{name}", include_in_schema=False)
async def docs_file(request: Request, name: str) -> Response:
    return _answer(request, _found(await in_thread(None, swagger_files), name), _DOCS_POLICY)


def _found(files_by_name: Mapping[str, PageFile], name: str) -> PageFile:
    if name not in files_by_name:
        raise NotFoundError(f"there is no file {name[:40]!a}")
    return files_by_name[name]


@cache
def page_files() -> dict[str, PageFile]:
    """By name: the folder is flat, and read once."""
    folder = files("service").joinpath("page")
    return {
        entry.name: _read(entry) for entry in folder.iterdir() if entry.name.endswith(tuple(_TYPES))
    }


@cache
def swagger_files() -> dict[str, PageFile]:
    """By name, read when the first one asks."""
    folder = files("fastapi_offline").joinpath("static")
    return {name: _read(folder.joinpath(name)) for name in _SWAGGER_FILES}


def _read(entry: Traversable) -> PageFile:
    content = entry.read_bytes()
    media_type = next(kind for suffix, kind in _TYPES.items() if entry.name.endswith(suffix))
    digest = hashlib.sha256(content).hexdigest()[:32]
    return PageFile(content, gzip.compress(content, 9, mtime=0), media_type, f'W/"{digest}"')


def _answer(
    request: Request, file: PageFile, policy: Mapping[str, str] = MappingProxyType(_POLICY)
) -> Response:
    allowed = "; ".join(f"{name} {value}" for name, value in policy.items())
    headers = {**_HEADERS, "Content-Security-Policy": allowed, "ETag": file.etag}
    if file.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    content = file.content
    if "gzip" in request.headers.get("accept-encoding", ""):
        content, headers["Content-Encoding"] = file.compressed, "gzip"
    return Response(content, headers=headers, media_type=file.media_type)
