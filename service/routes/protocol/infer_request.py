"""InferRequest: the JSON of an inference request, checked against the one tensor that we take."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model.common.errors import InvalidParameterError
from service.problems.parameter_errors import describe_error, echo
from service.routes.parameters import ClassifyQuery
from service.uploads.tensors import PLACEHOLDER
from service.uploads.upload import Upload
from service.uploads.video_files import Base64Video, VideoFiles

INPUT_NAME = "video"
OUTPUT_NAMES = ("label", "score", "gflops")
_BINARY_SIZE = "binary_data_size"
_BINARY_OUTPUT = "binary_data_output"
_OUTPUT_PARAMETERS = {"binary_data"}
# What one answer has no room for: a tensor has one label a video.
_UNUSED_PARAMETERS = {"top_k"}

Parameters = dict[str, Any]


class _Part(BaseModel):
    """The protocol lets clients add fields that a server does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class InputTensor(_Part):
    name: str = Field(json_schema_extra={"enum": [INPUT_NAME]})
    shape: list[int]
    datatype: str = Field(json_schema_extra={"enum": ["BYTES"]})
    parameters: Parameters = Field(default_factory=dict)
    data: list[Any] | None = None


class RequestedOutput(_Part):
    name: str = Field(json_schema_extra={"enum": list(OUTPUT_NAMES)})
    parameters: Parameters = Field(default_factory=dict)


class InferRequest(_Part):
    id: str | None = None
    parameters: Parameters = Field(default_factory=dict)
    inputs: list[InputTensor] = Field(min_length=1)
    outputs: list[RequestedOutput] | None = None

    @classmethod
    def parse(cls, content: bytes) -> InferRequest:
        """Raises InvalidParameterError for what is no such request, or asks for what we lack."""
        try:
            request = cls.model_validate_json(content)
        except ValidationError as error:
            raise InvalidParameterError(_words(error)) from error
        request._check_input()
        request._check_outputs()
        return request

    def _check_input(self) -> None:
        tensor = self.inputs[0]
        if len(self.inputs) > 1 or tensor.name != INPUT_NAME or tensor.datatype != "BYTES":
            given = ", ".join(f"{one.name} {one.datatype}" for one in self.inputs)
            raise InvalidParameterError(
                f"inputs are {echo(given)}; allowed: one, {INPUT_NAME!r}, of BYTES"
            )
        kind = tensor.parameters.get("content_type", "base64")
        if kind != "base64" and tensor.data is not None:
            raise InvalidParameterError(f"content_type is {echo(kind)}; allowed: base64")
        if (tensor.data is None) != (_BINARY_SIZE in tensor.parameters):
            raise InvalidParameterError(
                f"{INPUT_NAME} needs either data or the parameter {_BINARY_SIZE}"
            )

    def _check_outputs(self) -> None:
        for output in self.outputs or []:
            if output.name not in OUTPUT_NAMES:
                raise InvalidParameterError(
                    f"output {echo(output.name)}; allowed: {', '.join(OUTPUT_NAMES)}"
                )
            if unknown := set(output.parameters) - _OUTPUT_PARAMETERS:
                raise InvalidParameterError(f"an output has no parameter {echo(min(unknown))}")

    def query(self) -> ClassifyQuery:
        """The parameters of /classify, by their names; raises InvalidParameterError."""
        own = {name: v for name, v in self.parameters.items() if name != _BINARY_OUTPUT}
        if unused := set(own) & _UNUSED_PARAMETERS:
            raise InvalidParameterError(f"{min(unused)} has no meaning here: one label a video")
        try:
            return ClassifyQuery.model_validate(own)
        except ValidationError as error:
            raise InvalidParameterError(_words(error)) from error

    def wanted(self) -> dict[str, bool]:
        """The outputs to answer with, and whether each is to be binary."""
        is_binary = self.parameters.get(_BINARY_OUTPUT) is True
        if not self.outputs:
            return dict.fromkeys(OUTPUT_NAMES, is_binary)
        return {
            output.name: output.parameters.get("binary_data", is_binary) is True
            for output in self.outputs
        }

    def videos(self, files: VideoFiles) -> list[Upload]:
        """In the tensor's order; those that still are text go to files. Blocks on the disk."""
        data = self.inputs[0].data
        spooled = list(files.uploads)
        videos = list(spooled) if data is None else list(_in_order(data, spooled, files))
        shape = self.inputs[0].shape
        if min(shape, default=1) < 1 or math.prod(shape) != len(videos):
            raise InvalidParameterError(f"shape is {echo(shape)}, of {len(videos)} videos")
        if len(videos) != len(files.uploads):
            raise InvalidParameterError("there is a video that is no element of the tensor")
        return videos


def _in_order(data: list[Any], spooled: list[Upload], files: VideoFiles) -> Iterator[Upload]:
    num_taken = 0
    for element in _flat(data):
        if num_taken < len(spooled) and element == PLACEHOLDER.format(num_taken):
            yield spooled[num_taken]
            num_taken += 1
        elif isinstance(element, str):
            video = Base64Video(files)
            video.write(element.encode())
            video.end()
            yield files.uploads[-1]
        else:
            raise InvalidParameterError(f"an element is {echo(element)}; allowed: base64 text")


def _flat(data: list[Any]) -> Iterator[Any]:
    """Tensors come flat, or nested as their shape is."""
    for element in data:
        if isinstance(element, list):
            yield from _flat(element)
        else:
            yield element


def _words(error: ValidationError) -> str:
    return "; ".join(
        describe_error({**entry, "loc": entry["loc"] or ("body",)}) for entry in error.errors()
    )
