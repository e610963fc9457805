"""HTTP of this floor: uploads, and the jobs that they become."""

from collections.abc import AsyncIterator
from typing import Annotated

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError

from foundation.errors import NotFoundError
from governance.principal import Permission, Principal
from governance.routes.guard import (
    GuardedRoute,
    Identifier,
    current_principal,
    needs,
    problems,
)
from ingest.errors import UnsupportedFormatError
from ingest.job import JobState
from ingest.jobs import Jobs
from ingest.schemas import FORM, JobAcceptedJson, JobJson, JobsJson, job_json
from ingest.upload_form import UploadForm, UploadMisfitError, request_too_large
from ingest.uploads import Uploads

_BLOCK = 256 * 1024
_PAGE = 100

router = APIRouter(prefix="/v1", tags=["uploads"], route_class=GuardedRoute)

Uploader = Annotated[Principal, Depends(needs(Permission.MANAGE_DOCUMENTS))]
Anybody = Annotated[Principal, Depends(current_principal)]


@router.post(
    "/documents",
    status_code=202,
    summary="Upload documents",
    openapi_extra={"requestBody": FORM},
    responses={
        202: {
            "headers": {
                "Location": {"description": "The job's address.", "schema": {"type": "string"}}
            }
        },
        **problems(
            413,
            415,
            422,
            status_413="A file, or the request, is larger than policy allows.",
            status_415="The body is no form, or a file is of a kind that is not read, whatever its "
            "name says.",
            status_422="The form, or what it says of its files, does not fit (`errors` says where),"
            " or a file is empty, damaged, encrypted, or built to exhaust its reader.",
            status_403="No role allows to upload, or to address others than the own people.",
            status_429="Too many uploads of the own tenant are being read, or more was asked for "
            "than policy allows; `Retry-After` says when to come back.",
        ),
    },
)
async def upload_document(
    request: Request, response: Response, uploader: Uploader
) -> JobAcceptedJson:
    """Take documents in, as drafts of the own tenant, which are read afterwards: see the job.

    Nobody can search them before they are submitted and somebody else has approved them. What a
    file is is found out by its content. A CSV or JSON ticket history becomes a document a row.
    """
    uploads: Uploads = request.app.state.uploads
    threads: CapacityLimiter = request.app.state.receiving
    await to_thread.run_sync(uploads.enter, uploader, limiter=threads)
    try:
        with _form(request, uploads, uploader) as form:
            async for block in _blocks(request):
                await to_thread.run_sync(form.feed, block, limiter=threads)
            job_id = await to_thread.run_sync(uploads.accept, uploader, form, limiter=threads)
    except UploadMisfitError as error:
        raise RequestValidationError(
            [{"loc": one.loc, "msg": one.msg, "type": "upload"} for one in error.misfits]
        ) from None
    finally:
        uploads.leave(uploader)
    response.headers["Location"] = f"/v1/jobs/{job_id}"
    return JobAcceptedJson(job_id=job_id)


def _form(request: Request, uploads: Uploads, sender: Principal) -> UploadForm:
    headers = request.headers
    if headers.get("content-encoding", "identity").casefold() != "identity":
        raise UnsupportedFormatError("send the form as it is, without Content-Encoding")
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > uploads.bounds.request_bytes:
        raise request_too_large(uploads.bounds)
    return uploads.form(sender, headers.get("content-type", ""))


async def _blocks(request: Request) -> AsyncIterator[bytes]:
    """The body, in blocks that are worth a hand-over to a thread, and never more than one ahead."""
    block = bytearray()
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise HTTPException(400, "the connection ended within the body")
        block += message.get("body", b"")
        more = message.get("more_body", False)
        if len(block) >= _BLOCK or not more:
            yield bytes(block)
            block.clear()


@router.get("/jobs", summary="Uploads of the own tenant", responses=problems(422))
def list_jobs(
    request: Request,
    uploader: Uploader,
    state: Annotated[JobState | None, Query(description="Only these.")] = None,
    limit: Annotated[int, Query(ge=1, le=_PAGE)] = _PAGE,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> JobsJson:
    """Newest first. Reports are kept as long as policy says (`retention.jobs_days`)."""
    jobs: Jobs = request.app.state.jobs
    page, total = jobs.listed(uploader.tenant, state=state, limit=limit, offset=offset)
    return JobsJson(jobs=[job_json(one) for one in page], total=total)


@router.get("/jobs/{job_id}", summary="How far an upload is", responses=problems(404))
def get_job(request: Request, asker: Anybody, job_id: Identifier) -> JobJson:
    """For people of the tenant that sent it whose roles allow it; for others it is not there."""
    if not asker.may(Permission.MANAGE_DOCUMENTS):
        raise NotFoundError(f"no job {job_id}")
    jobs: Jobs = request.app.state.jobs
    return job_json(jobs.job(asker.tenant, job_id))
