"""How a failure is told over HTTP: problem details (RFC 9457), the same shape for every one.

Only the shape lives here; which error gets which status is `api.py`'s table.
"""

from pydantic import BaseModel, ConfigDict, Field

PROBLEM_MEDIA_TYPE = "application/problem+json"


class Misfit(BaseModel):
    """One thing in a request that does not fit. It never repeats what was sent."""

    loc: list[str | int] = Field(description="Where it is: `body`, `query`, then keys and places.")
    msg: str = Field(description="What would fit there.")


class Problem(BaseModel):
    """What went wrong, for programs (`type`, `status`) and for people (`title`, `detail`)."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "urn:problem-type:partner-copilot:not-found",
                "title": "Not found",
                "status": 404,
                "detail": "There is nothing here under this address, or nothing you may see.",
                "instance": "/v1/passages/0123456789abcdef0123456789abcdef",
            }
        }
    )

    type: str = Field(description="Names the kind of problem; stable, for programs to compare.")
    title: str = Field(description="The kind of problem in words.")
    status: int = Field(description="The HTTP status, repeated.", ge=400, le=599)
    detail: str = Field(description="What happened this time, and what to do next.")
    instance: str = Field(description="The path that was asked for.")
    errors: list[Misfit] | None = Field(
        default=None, description="With 422: everything in the request that does not fit."
    )
    error_id: str | None = Field(
        default=None, description="With 5xx: what to quote to the operator, whose log has it too."
    )

    def encoded(self) -> bytes:
        """The JSON as it is sent, without members that do not apply."""
        return self.model_dump_json(exclude_none=True).encode()
