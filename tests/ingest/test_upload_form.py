"""A form is the same however it is cut into blocks, and nothing in it grows without bound."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import TooLargeError, UnsupportedFormatError
from ingest.upload_form import (
    LARGEST_METADATA,
    ReceivedFile,
    UploadBounds,
    UploadForm,
    UploadMisfitError,
)

KIND = "multipart/form-data; boundary=XX"
BOUNDS = UploadBounds(file_bytes=1000, request_bytes=5000, files=3)

Part = tuple[bytes, bytes | None, bytes]


def body(parts: Sequence[Part], *, end: bytes = b"--XX--\r\n") -> bytes:
    lines = []
    for field, name, content in parts:
        named = b"" if name is None else b'; filename="' + name + b'"'
        lines.append(
            b'--XX\r\nContent-Disposition: form-data; name="' + field + b'"' + named
            + b"\r\n\r\n" + content + b"\r\n"
        )  # fmt: skip
    return b"".join(lines) + end


def received(
    folder: Path, data: bytes, bounds: UploadBounds = BOUNDS, step: int = 10_000
) -> tuple[str | None, list[tuple[str, bytes, str]]]:
    with UploadForm(KIND, bounds, folder) as form:
        for start in range(0, len(data), step):
            form.feed(data[start : start + step])
        form.finish()
        return form.metadata, [(one.name, content(one), one.sha256) for one in form.files]


def content(file: ReceivedFile) -> bytes:
    file.content.seek(0)
    data = file.content.read()
    assert len(data) == file.size
    return data


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    contents=st.lists(
        st.one_of(st.binary(max_size=200), st.just(b"\r\n--X"), st.just(b"--XX\r\n"), st.just(b"")),
        min_size=1,
        max_size=3,
    ),
    metadata=st.one_of(st.none(), st.text(alphabet="{}\r\n-Xaé", max_size=50)),
    before=st.sampled_from(["files", "metadata"]),
    step=st.integers(1, 400),
)
def test_however_it_is_cut_it_is_the_same(
    tmp_path: Path, contents: list[bytes], metadata: str | None, before: str, step: int
) -> None:
    # Its own boundary ends a part, as it must; nobody can send that inside of one.
    contents = [one.replace(b"--XX", b"--xx") for one in contents]
    text = None if metadata is None else metadata.replace("--XX", "")
    files: list[Part] = [
        (b"file", f"f{number}".encode(), one) for number, one in enumerate(contents)
    ]
    said: list[Part] = [] if text is None else [(b"metadata", None, text.encode())]
    data = body(said + files if before == "metadata" else files + said)
    assert received(tmp_path, data, step=step) == (
        text,
        [(f"f{n}", one, hashlib.sha256(one).hexdigest()) for n, one in enumerate(contents)],
    )
    assert list(tmp_path.iterdir()) == []


def test_files_have_no_name_on_the_disk_and_go_with_the_form(tmp_path: Path) -> None:
    folder = tmp_path / "incoming"
    with UploadForm(KIND, BOUNDS, folder) as form:
        form.feed(body([(b"file", b"../../x", b"content")]))
        assert list(folder.iterdir()) == []
    with pytest.raises(ValueError, match="closed"):
        form.files[0].content.read()
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (body([(b"file", b"a", b"x" * 1001)]), "a file is larger"),
        (body([(b"file", b"a", b"x" * 900)] * 3 + [(b"metadata", None, b"y" * 5000)]), "request"),
        (body([(b"file", b"a", b"x")]) + b"e" * 5000, "request"),
        (b"x" * 5001, "request"),
    ],
    ids=["file", "request", "epilogue", "rubbish"],
)
@pytest.mark.parametrize("step", [50, 10_000])
def test_a_bound_is_felt_as_soon_as_it_is_passed(
    tmp_path: Path, data: bytes, says: str, step: int
) -> None:
    with pytest.raises((TooLargeError, UploadMisfitError)) as caught:
        received(tmp_path, data, step=step)
    if data[:1] != b"x" or step > 50:
        assert says in str(caught.value)


def test_the_metadata_is_bounded_too(tmp_path: Path) -> None:
    bounds = UploadBounds(file_bytes=1, request_bytes=10 * LARGEST_METADATA, files=1)
    with pytest.raises(TooLargeError, match="field metadata"):
        received(tmp_path, body([(b"metadata", None, b"x" * (LARGEST_METADATA + 1))]), bounds)


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (body([(b"file", b"a", b"x")] * 4), ("body", "file")),
        (body([(b"metadata", None, b"{}")]), ("body", "file")),
        (body([]), ("body", "file")),
        (body([(b"file", b"a", b"x"), (b"colour", None, b"red")]), ("body",)),
        (body([(b"metadata", None, b"{}")] * 2), ("body",)),
        (body([(b"metadata", None, b"\xff\xfe")]), ("body", "metadata")),
        (body([(b"file", b"a", b"x")], end=b""), ("body",)),
        (b"", ("body",)),
        (b"--YY\r\n\r\n", ("body",)),
        (b"--XX\r\n" + b"A: b\r\n" * 9 + b"\r\n", ("body",)),
        (b"--XX\r\nA: " + b"b" * 4500 + b"\r\n\r\n", ("body",)),
        (b"--XX\r\nno header at all\r\n\r\n", ("body",)),
    ],
)
def test_what_is_no_form_as_it_should_be_says_where(
    tmp_path: Path, data: bytes, where: tuple[str, ...]
) -> None:
    with pytest.raises(UploadMisfitError) as caught:
        received(tmp_path, data)
    assert [one.loc for one in caught.value.misfits] == [where]
    assert "colour" not in str(caught.value)


@pytest.mark.parametrize("kind", ["", "application/json", "text/plain; boundary=XX"])
def test_another_kind_of_body_is_named_as_the_reason(tmp_path: Path, kind: str) -> None:
    with pytest.raises(UnsupportedFormatError, match="multipart/form-data"):
        UploadForm(kind, BOUNDS, tmp_path)


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", f"multipart/form-data; boundary={'x' * 300}"]
)
def test_a_form_without_a_usable_boundary_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(UploadMisfitError, match="boundary"):
        UploadForm(kind, BOUNDS, tmp_path)


def test_what_is_said_is_told_before_the_files_come(tmp_path: Path) -> None:
    class NotYoursError(Exception):
        pass

    def refuse(text: str) -> None:
        assert text == "{}"
        raise NotYoursError

    data = body([(b"metadata", None, b"{}")], end=b"")
    with UploadForm(KIND, BOUNDS, tmp_path, refuse) as form, pytest.raises(NotYoursError):
        form.feed(data + b"--XX\r\n")
