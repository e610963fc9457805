"""The section `uploads` of policy.yaml: how much comes in over HTTP at once."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_MEGABYTE = 1024 * 1024
Megabytes = Annotated[float, Field(gt=0, le=10_240)]


class UploadPolicy(BaseModel):
    """Bounds of one request that uploads documents. Megabytes are of 1,048,576 bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file_megabytes: Megabytes = 50
    request_megabytes: Megabytes = 100
    files: Annotated[int, Field(ge=1, le=1_000)] = 50

    @model_validator(mode="after")
    def _a_file_fits(self) -> Self:
        if self.file_megabytes > self.request_megabytes:
            message = "file_megabytes must not lie above request_megabytes"
            raise ValueError(message)
        return self

    @property
    def file_bytes(self) -> int:
        """Bytes that one file may have."""
        return int(self.file_megabytes * _MEGABYTE)

    @property
    def request_bytes(self) -> int:
        """Bytes that a request may have, its files and all around them."""
        return int(self.request_megabytes * _MEGABYTE)
