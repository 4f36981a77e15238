"""The files in a .zip or .tar archive, read without unpacking: a member's path is never used to write.

Nothing is written but an unnamed temporary file.
"""

import bz2
import gzip
import io
import lzma
import os
import posixpath
import re
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import IO, Any

from bakeoff.datasets.folder.picture_file import (
    CLIMBS,
    HIDDEN,
    MAX_FILE_BYTES,
    PictureFile,
    check_size,
    fail,
    is_visible,
)

# What is raised for archives and members that are damaged, or packed in a way that Python does not know.
DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    NotImplementedError,
)
ENCRYPTED = 1  # a bit of a member's flags
LINKS_WITHIN = 40  # one after the other, as Linux allows
ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
DECOMPRESSORS: dict[bytes, Callable[[], Any]] = {b"BZh": bz2.BZ2Decompressor, b"\xfd7zXZ": lzma.LZMADecompressor}
BLOCK = 1 << 20  # bytes read, and decompressed, at a time
DRIVE = re.compile(r"[A-Za-z]:(?=/)|//[^/]+/[^/]+(?=/)")  # that some tools for Windows write
IS_UTF_8 = 0x800  # another bit of them


def list_archive(path: Path, opened: ExitStack) -> list[PictureFile]:
    """Every file of an archive.

    opened: what must be closed when the files have been read.   Raises ValueError if the archive is damaged.
    """
    try:
        is_zip = zipfile.is_zipfile(path) or (path.suffix.lower() == ".zip" and not tarfile.is_tarfile(path))
        return _as_files(_list_zip(path, opened) if is_zip else _list_tar(path, opened))
    except (*DAMAGE, OSError) as error:
        if getattr(error, "errno", None) is not None:  # of the system, not of what the file holds
            raise
        raise ValueError(f"{path} is damaged or no archive: {error}") from error


def _list_zip(path: Path, opened: ExitStack) -> dict[str, Callable[[], bytes]]:
    archive = opened.enter_context(zipfile.ZipFile(path))  # may be read by several threads
    if any(member.flag_bits & ENCRYPTED for member in archive.infolist()):
        raise ValueError(f"{path} is protected by a password: unpack it, and name the folder")
    latest = {_name(member): member for member in archive.infolist()}  # of two of one name
    return {name: partial(_read_member, archive, member) for name, member in latest.items() if not member.is_dir()}


def _name(member: zipfile.ZipInfo) -> str:
    """macOS writes UTF-8 without the bit that says so, which Python takes for the code page of DOS."""
    if member.flag_bits & IS_UTF_8:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return member.filename


class Member(tarfile.TarInfo):
    """Where Python takes an archive that is cut off between two members for a whole one, this complains."""

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> "Member":
        try:
            return super().fromtarfile(tarfile_)  # type: ignore[return-value]
        except (tarfile.EmptyHeaderError, tarfile.TruncatedHeaderError) as error:  # type: ignore[attr-defined]
            raise tarfile.ReadError("it ends before its end mark, as a download does that is cut off") from error


def _decompressed(path: Path) -> IO[bytes]:
    """All that it holds, of whichever way to compress; tarfile's own reader leaves out what was joined to it."""
    with open(path, "rb") as file:
        start = file.read(6)
    if start.startswith(b"\x1f\x8b"):  # gzip's own reader goes on to joined streams, and refuses what else follows
        return gzip.open(path, "rb")  # type: ignore[return-value]
    begin = next((begin for magic, begin in DECOMPRESSORS.items() if start.startswith(magic)), None)
    return open(path, "rb") if begin is None else io.BufferedReader(_Blocks(_decompress(path, begin)))


def _decompress(path: Path, begin: Callable[[], Any]) -> Iterator[bytes]:
    """Every stream of a file, with zeros between and behind; the library's readers stop at anything else untold."""
    with open(path, "rb") as file:
        stream = None
        rest = b""
        while block := rest or file.read(BLOCK):
            rest = b""
            if stream is None:
                block = block.lstrip(b"\0")
                stream = begin() if block else None
            while stream and (block or not stream.needs_input):
                yield stream.decompress(block, BLOCK)
                block = b""
                if stream.eof:
                    rest, stream = stream.unused_data, None
        if stream:
            raise EOFError("its compressed data end before their end mark")


class _Blocks(io.RawIOBase):
    """A file of blocks that are made as they are read."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self.blocks, self.rest = filter(None, blocks), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.rest = self.rest or next(self.blocks, b"")
        n = min(len(buffer), len(self.rest))
        buffer[:n], self.rest = self.rest[:n], self.rest[n:]
        return n


def _list_tar(path: Path, opened: ExitStack) -> dict[str, Callable[[], bytes]]:
    """One pass over the archive into an unnamed temporary file, since a compressed one cannot be read at random."""
    spool = opened.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
    readers: dict[str, Callable[[], bytes]] = {}
    links: dict[str, str] = {}
    with _decompressed(path) as content, tarfile.open(fileobj=content, mode="r|", tarinfo=Member) as archive:
        for member in archive:
            links.pop(member.name, None)  # of two members of one name the later counts
            if member.issym() or member.islnk():
                base = posixpath.dirname(member.name) if member.issym() else ""
                links[member.name] = posixpath.normpath(posixpath.join(base, member.linkname))
            if not member.isdir():
                readers[member.name] = _spool_member(archive, member, spool)
        while rest := archive.fileobj.read(1 << 20):  # type: ignore[union-attr]  # with what it holds already
            if rest.strip(b"\0"):
                raise tarfile.ReadError(
                    "it goes on after its end mark, as archives do that are joined: `tar -xi` unpacks it"
                )
    spool.flush()
    plain = {posixpath.normpath(name): read for name, read in readers.items() if name not in links}
    ends = {posixpath.normpath(name): target for name, target in links.items()}
    for name, target in links.items():
        for _ in range(LINKS_WITHIN):
            target = ends.get(target, target)
        if target in plain:  # nothing but a member of this very archive is ever read
            readers[name] = plain[target]
    return readers


def _spool_member(archive: tarfile.TarFile, member: tarfile.TarInfo, spool: IO[bytes]) -> Callable[[], bytes]:
    """Copy a member's content; returns what reads it back."""
    if member.issym() or member.islnk():
        return partial(fail, OSError(f"a link to {member.linkname}, which is no file in this archive"))
    source = archive.extractfile(member) if member.isreg() else None
    if source is None:
        return partial(fail, OSError("devices inside an archive are not read"))
    start, length = spool.tell(), member.size
    if length <= MAX_FILE_BYTES:
        shutil.copyfileobj(source, spool)
    return partial(_read_range, spool, start, length)


def _as_files(readers: Mapping[str, Callable[[], bytes]]) -> list[PictureFile]:
    """A drive before some names is left out if it is the only one; of two members of one path the later counts."""
    paths = {name.replace("\\", "/"): read for name, read in readers.items()}
    drives = {drive[0] for drive in map(DRIVE.match, paths) if drive}
    drive = drives.pop() if len(drives) == 1 else ""
    files = (_as_file(path.removeprefix(drive), read) for path, read in paths.items())
    return list({file.parts: file for file in files}.values())


def _as_file(name: str, read: Callable[[], bytes]) -> PictureFile:
    """A path that climbs (..) is left out, though nothing would be written there."""
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if ".." in parts or not parts:
        return PictureFile((name,), read, left_out=CLIMBS)
    return PictureFile(parts, read, left_out="" if all(map(is_visible, parts)) else HIDDEN)


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    check_size(member.file_size)
    try:
        return archive.read(member)
    except DAMAGE as error:
        raise OSError(str(error)) from error


def _read_range(file: IO[bytes], start: int, length: int) -> bytes:
    check_size(length)
    return os.pread(file.fileno(), length, start)
