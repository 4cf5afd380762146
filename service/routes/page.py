"""GET /: a page that uploads a video and shows what was decided and spent. Nothing from outside."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

router = APIRouter()


@router.get("/", include_in_schema=False, response_class=HTMLResponse)
async def page() -> HTMLResponse:
    content, policy = _page()
    return HTMLResponse(content, headers={"Content-Security-Policy": policy})


@cache
def _page() -> tuple[str, str]:
    """The page, and the policy under which a browser runs its own style and script, no other."""
    content = files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    policy = {
        "default-src": "'none'",
        "connect-src": "'self'",
        "style-src": _hash_of("style", content),
        # Widths of bars are set through the object model, which the policy does not cover.
        "script-src": _hash_of("script", content),
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return content, "; ".join(f"{directive} {source}" for directive, source in policy.items())


def _hash_of(tag: str, content: str) -> str:
    (inline,) = re.findall(f"<{tag}>(.*?)</{tag}>", content, flags=re.DOTALL)
    digest = hashlib.sha256(inline.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
