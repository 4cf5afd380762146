"""The routes for those who hold the admin key; without one in the settings there are none."""

from __future__ import annotations

import hmac

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from service.model_loader import model_loader_of
from service.problems.errors import NotFoundError, UnauthorizedError
from service.routes.openapi import problems
from service.routes.responses import ModelOut
from service.state import service_of

router = APIRouter(prefix="/admin")


class ModelChange(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    model: ModelOut
    previous_version: str = Field(description="Of the model that answered until now.")


@router.post(
    "/reload", summary="Load the model's file anew", responses=problems(401, 404, 409, 500, 503)
)
async def reload(request: Request) -> ModelChange:
    """Answers when the new model does; where its file does not load, the old one stays."""
    _require_admin(request)
    loader = model_loader_of(request)
    previous, recognizer = await loader.reload()
    loader.tell_others()
    model = ModelOut(name=recognizer.spec.name, version=recognizer.version)
    return ModelChange(model=model, previous_version=previous)


def _require_admin(request: Request) -> None:
    key = service_of(request).settings.admin_key
    if key is None:
        raise NotFoundError("Not Found")
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    # In constant time: how long it takes must not tell how much of a guess was right.
    is_key = hmac.compare_digest(given.strip().encode(), key.get_secret_value().encode())
    if scheme.lower() != "bearer" or not is_key:
        raise UnauthorizedError("send the admin key as Authorization: Bearer KEY")
