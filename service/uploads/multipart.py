"""MultipartSink: finds the field `file` in a form as it arrives and writes it straight to disk."""

from __future__ import annotations

from typing import Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from model.common.errors import InvalidParameterError
from service.problems.parameter_errors import PARAMETER_NAMES, echo

FILE_FIELD = "file"
# Everything in the body that is not the video: boundaries, headers, other fields.
MAX_OVERHEAD_BYTES = 64 * 1024
_MAX_PARTS = 16
_MAX_HEADERS = 8
_MAX_HEADER_BYTES = 2048
_PLAIN_ENCODINGS = (b"", b"binary", b"8bit", b"7bit")


class PartFile(Protocol):
    @property
    def size(self) -> int: ...

    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...


class MultipartSink:
    """Other fields are read over; one that is named like a query parameter is refused."""

    is_form = True

    def __init__(self, boundary: bytes, file: PartFile) -> None:
        if not boundary:
            raise InvalidParameterError("the multipart Content-Type has no boundary")
        self._file = file
        self._part = _PartHeaders()
        self._num_parts = 0
        self._num_overhead_bytes = 0
        self._in_file = self._seen_file = self._ended = False
        self._parser = self._make_parser(boundary)

    def _make_parser(self, boundary: bytes) -> MultipartParser:
        try:
            return MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": self._part.add_name,
                    "on_header_value": self._part.add_value,
                    "on_header_end": self._part.end_header,
                    "on_headers_finished": self._begin_content,
                    "on_part_data": self._add_content,
                    "on_end": self._end,
                },
                max_header_count=_MAX_HEADERS,
                max_header_size=_MAX_HEADER_BYTES,
            )
        except FormParserError as error:
            raise _malformed(str(error)) from error

    def write(self, data: bytes) -> None:
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise _malformed(str(error)) from error

    def finish(self, data: bytes) -> int:
        self.write(data)
        self._file.close()
        if not self._ended:
            raise _malformed("it ends before its closing boundary")
        if not self._seen_file:
            raise InvalidParameterError(f"the form has no field {FILE_FIELD!r}")
        return self._file.size

    def _begin_part(self) -> None:
        self._num_parts += 1
        if self._num_parts > _MAX_PARTS:
            raise InvalidParameterError(f"the form has more than {_MAX_PARTS} fields")
        self._part.clear()
        self._in_file = False

    def _begin_content(self) -> None:
        name = self._part.field_name()
        if name in PARAMETER_NAMES:
            raise InvalidParameterError(f"{name} is a form field; give it in the query instead")
        if name != FILE_FIELD:
            return
        if self._seen_file:
            raise InvalidParameterError(f"the form has the field {FILE_FIELD!r} more than once")
        self._part.require_plain_encoding()
        self._in_file = self._seen_file = True

    def _add_content(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._file.write(data[start:end])
            return
        self._num_overhead_bytes += end - start
        if self._num_overhead_bytes > MAX_OVERHEAD_BYTES:
            raise InvalidParameterError(
                f"fields other than {FILE_FIELD!r} exceed {MAX_OVERHEAD_BYTES} bytes, such as"
                f" {echo(self._part.field_name())}; the video belongs in {FILE_FIELD!r}"
            )

    def _end(self) -> None:
        self._ended = True


class _PartHeaders:
    """The headers of the part being read; the parser hands them over in pieces."""

    def __init__(self) -> None:
        self._name = b""
        self._value = b""
        self._headers: dict[bytes, bytes] = {}

    def clear(self) -> None:
        self._headers.clear()

    def add_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def end_header(self) -> None:
        self._headers[self._name.lower()] = self._value.strip(b" \t")
        self._name = self._value = b""

    def field_name(self) -> str:
        disposition, options = parse_options_header(self._headers.get(b"content-disposition"))
        if disposition != b"form-data" or b"name" not in options:
            raise _malformed("a part has no Content-Disposition with a field name")
        return options[b"name"].decode("utf-8", "replace")

    def require_plain_encoding(self) -> None:
        encoding = self._headers.get(b"content-transfer-encoding", b"").lower()
        if encoding not in _PLAIN_ENCODINGS:
            raise InvalidParameterError("Content-Transfer-Encoding must be binary, or left out")


def _malformed(reason: str) -> InvalidParameterError:
    return InvalidParameterError(f"the multipart form is malformed: {reason}")
