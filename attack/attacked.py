"""How every operation of the OpenAPI document is attacked; a test shows that none was forgotten."""

from collections.abc import Callable, Mapping
from random import Random

from fastapi import FastAPI

from attack.probes import CONTENT
from attack.probes_inside import INSIDE
from attack.probing import Known, Probe, Setting
from attack.worlds import World

ATTACKED: Mapping[str, Callable[[Setting], Probe]] = {**CONTENT, **INSIDE}
_WEIGHTS: Mapping[str, int] = {
    "POST /v1/ask": 8,
    "POST /v1/ask/stream": 5,
    "POST /v1/search": 10,
    "GET /v1/passages/{passage_id}": 6,
    "GET /v1/documents/{document_id}": 5,
    "GET /v1/conversations/{conversation_id}": 5,
    "GET /v1/documents": 2,
    "GET /v1/documents/{document_id}/versions/{version}/text": 2,
    "GET /v1/documents/{document_id}/diff": 2,
}


def operations(app: FastAPI) -> set[str]:
    """Every operation that the application tells of, as `GET /v1/documents`."""
    return {
        f"{method.upper()} {path}"
        for path, methods in app.openapi()["paths"].items()
        for method in methods
        if method in {"get", "post", "put", "patch", "delete"}
    }


def make_probe(world: World, known: Known, draw: Random) -> Probe:
    """A request to any operation, by anybody, about anything."""
    names = list(ATTACKED)
    [operation] = draw.choices(names, [_WEIGHTS.get(one, 1) for one in names])
    document = world.any_document(draw)
    person = world.anybody(draw, document)
    return ATTACKED[operation](Setting(world, known, draw, person, operation, document))
