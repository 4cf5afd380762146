"""GET /: the page, and its files: modules and styles that a browser runs as they lie here.

No build step. Addresses are relative, so that the page works below a prefix as well; the policy
lets nothing in from elsewhere, and no script or style that stands in the document.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Request, Response

from service.problems.errors import NotFoundError

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
_HEADERS = {
    # Asked for again each time, answered with 304 while nothing has changed.
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in _POLICY.items()),
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Encoding",
}


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
    found = page_files().get(name)
    if found is None:
        raise NotFoundError(f"the page has no file {name[:40]!a}")
    return _answer(request, found)


@cache
def page_files() -> dict[str, PageFile]:
    """By name: the folder is flat, and read once."""
    folder = files("service").joinpath("page")
    return {
        entry.name: _read(entry.read_bytes(), media_type)
        for entry in folder.iterdir()
        for suffix, media_type in _TYPES.items()
        if entry.name.endswith(suffix)
    }


def _read(content: bytes, media_type: str) -> PageFile:
    digest = hashlib.sha256(content).hexdigest()[:32]
    return PageFile(content, gzip.compress(content, 9, mtime=0), media_type, f'W/"{digest}"')


def _answer(request: Request, file: PageFile) -> Response:
    headers = {**_HEADERS, "ETag": file.etag}
    if file.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    content = file.content
    if "gzip" in request.headers.get("accept-encoding", ""):
        content, headers["Content-Encoding"] = file.compressed, "gzip"
    return Response(content, headers=headers, media_type=file.media_type)
