"""Video and audio files, where the settings allow their extensions."""

import pytest

from core.testing import TestUser
from tests.modules.files.uploads import FILES, refusal, upload


@pytest.fixture
def limits() -> dict[str, str]:
    return {"ALLOWED_EXTENSIONS": ".mp4,.webm,.mp3,.m4a,.ogg,.flac,.wav"}


PLAYED = {
    "a.mp4": ("video/mp4", b"\0\0\0\x18ftypmp42"),
    "a.webm": ("video/webm", b"\x1a\x45\xdf\xa3" + bytes(8)),
    "a.mp3": ("audio/mpeg", b"ID3\x04" + bytes(8)),
    "b.mp3": ("audio/mpeg", b"\xff\xfb\x90\x64" + bytes(8)),
    "a.m4a": ("audio/mp4", b"\0\0\0\x20ftypM4A "),
    "a.ogg": ("audio/ogg", b"OggS" + bytes(8)),
    "a.flac": ("audio/flac", b"fLaC" + bytes(8)),
    "a.wav": ("audio/wav", b"RIFF\0\0\0\0WAVE"),
}


async def test_films_and_sounds_keep_their_type(user: TestUser) -> None:
    for name, (kind, content) in PLAYED.items():
        path = f"{FILES}/{(await upload(user.client, content, name))['id']}/download"
        about = (await user.client.get(path.removesuffix("/download"))).json()
        assert about["content_type"] == kind
        whole = await user.client.get(f"{path}?inline=true")
        part = await user.client.get(path, headers={"range": "bytes=0-3"})
        assert (whole.headers["content-type"], part.headers["content-type"]) == (kind, kind)
        assert whole.headers["content-disposition"].startswith("attachment")
        assert "sandbox" in whole.headers["content-security-policy"]
        assert whole.headers["x-content-type-options"] == "nosniff"
        other = await user.client.post(
            f"{FILES}/upload", files={"file": (name, b"some other kind of file")}
        )
        assert refusal(other) == (400, "files.content_mismatch"), name
