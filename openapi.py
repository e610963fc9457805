"""The OpenAPI document, with problems in place of the framework's own validation errors."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from foundation.asgi import REQUEST_ID_HEADER
from foundation.problem import Problem


def document_of(app: FastAPI) -> dict[str, Any]:
    """The document of this application; made once."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=(
            "Errors are `application/problem+json` (RFC 9457). Every answer carries "
            f"`{REQUEST_ID_HEADER}`. Send a token as `Authorization: Bearer TOKEN`."
        ),
        routes=app.routes,
        tags=[
            {"name": "ask", "description": "Questions and their outcomes."},
            {"name": "search", "description": "Passages, without an answer."},
            {"name": "outcomes", "description": "What comes after an answer."},
            {"name": "documents", "description": "What there is to read."},
            {"name": "uploads", "description": "What comes in, and what became of it."},
            {"name": "access", "description": "Who you are, and who else may come in."},
            {"name": "audit", "description": "What was done, and that the record of it holds."},
            {"name": "operations", "description": "Is it well?"},
        ],
    )
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    for operations in document["paths"].values():
        for operation in operations.values():
            invalid = operation["responses"].get("422", {"content": {}})
            if "application/json" in invalid["content"]:
                # Only path parameters could fail, and those are not found.
                del operation["responses"]["422"]
    app.openapi_schema = document
    return document
