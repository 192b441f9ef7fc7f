"""The description of the service for programs: OpenAPI 3.1."""

from importlib.metadata import version
from typing import Any

from unveil.web.fields import ENDPOINTS, Endpoint, Field, Schema
from unveil.web.limits import Limits

BINARY = {"type": "string", "contentMediaType": "application/octet-stream"}
TEXT = {"text/plain": {"schema": {"type": "string"}}}

WORDS = {"words": {"type": "array", "items": {"type": "string"}, "description": "sentences"}}
FILES = {
    "files": {
        "type": "array",
        "description": "what was made, each with its content in Base64",
        "items": {
            "type": "object",
            "required": ["name", "type", "content"],
            "properties": {
                "name": {"type": "string"},
                "type": {"type": "string"},
                "content": {"type": "string", "contentEncoding": "base64"},
            },
        },
    }
}
COMMAND = {"command": {"type": ["string", "null"], "description": "the command that does the same"}}
PLACE = {
    "type": ["array", "null"],
    "description": "left, top, width, height in pixels; null for all of it, or a part that moves",
    "items": {"type": "integer"},
    "minItems": 4,
    "maxItems": 4,
}
PLACES = {"type": "array", "items": {"type": "object", "properties": {"box": PLACE}}}
OWN: dict[str, dict[str, Any]] = {
    "inspect": {"parts": PLACES},
    "audit": {"regions": PLACES},
    "obfuscate": {"checked": {"type": ["object", "null"]}},
    "restore": {"undone": {"type": "boolean"}, "label": {"type": ["string", "null"]}},
}
"""What the answer of each endpoint holds beside sentences, files and the command."""

REFUSED = {
    "400": "the form, or what it asks, is not right",
    "401": "the token is missing",
    "403": "another page, or another name of this machine",
    "404": "there is no such endpoint",
    "405": "the endpoint is asked by POST",
    "408": "the request did not arrive in time",
    "413": "too large",
    "422": "the file cannot be answered",
    "503": "too many wait",
}


def description(limits: Limits) -> dict[str, Any]:
    """Return the description of the endpoints, as JSON values."""
    words = (
        "Shows how much a blur or a mosaic hides, and undoes it. No file is kept. Files of up to "
        f"{limits.max_mb} MB, photos of up to {limits.max_pixels / 1e6:g} megapixels, videos of up "
        f"to {limits.max_video_seconds:g} s; one answer at a time."
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "unveil", "version": version("unveil"), "description": words},
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{}, {"token": []}],
        "x-limits": vars(limits),
        "paths": {f"/api/{one.name}": {"post": _operation(one)} for one in ENDPOINTS},
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    files: dict[str, Any] = {"file": {**BINARY, "description": "a photo or a video"}}
    if endpoint.has_mask:
        files = files | {"mask": {**BINARY, "description": "a photo, white where it is hidden"}}
    properties = {**files, **{one.name: _schema(one) for one in endpoint.fields}}
    form = {"type": "object", "required": ["file"], "properties": properties}
    refused = {code: {"description": words, "content": TEXT} for code, words in REFUSED.items()}
    return {
        "operationId": endpoint.name,
        "summary": endpoint.words,
        "requestBody": {
            "required": True,
            "content": {"multipart/form-data": {"schema": {**form, "additionalProperties": False}}},
        },
        "responses": {"200": _answer(endpoint), **refused},
    }


def _answer(endpoint: Endpoint) -> dict[str, Any]:
    own: Schema = {**WORDS, **FILES, **COMMAND, **OWN[endpoint.name]}
    schema = {"type": "object", "required": list(own), "properties": own}
    content: dict[str, Any] = {"application/json": {"schema": schema}}
    words = "JSON"
    if endpoint.makes is not None:
        content |= {"image/png": {"schema": BINARY}, "video/mp4": {"schema": BINARY}}
        words = "the picture or the video; with `Accept: application/json`, JSON with all files"
    return {"description": words, "content": content}


def _schema(field: Field) -> dict[str, Any]:
    schema = {**field.schema, "description": field.words}
    if field.is_many:
        most = {} if field.most is None else {"maxItems": field.most}
        return {"type": "array", "items": schema, **most}
    return schema if field.default in (None, "") else {**schema, "default": field.default}
