import bz2
import io
import lzma
import re
import shutil
import tarfile
import zipfile
from contextlib import ExitStack

import pytest

from bakeoff.datasets.folder import archives, picture_file
from bakeoff.datasets.folder.load import load_folder
from bakeoff.tests.datasets.pictures import notes_of, picture, write_class
from bakeoff.tests.odd_folder import png_bytes


@pytest.fixture
def animals(tmp_path):
    """Two classes of twenty pictures."""
    root = tmp_path / "my animals"
    write_class(root / "cat", 20)
    write_class(root / "dog", 20, first_seed=100)
    return root


def pack_zip(folder, path):
    with zipfile.ZipFile(path, "a") as archive:
        for file in sorted(folder.rglob("*.*")):
            archive.write(file, file.relative_to(folder.parent))


def pack_tar(folder, path):
    way = path.suffix[1:]
    with tarfile.open(path, f"w:{way}" if way in ("gz", "bz2", "xz") else "a") as archive:
        archive.add(folder, folder.name)


@pytest.mark.parametrize(("suffix", "pack"), [(".zip", pack_zip), (".tar", pack_tar), (".tar.gz", pack_tar)])
def test_an_archive_of_a_folder_is_the_same_task(animals, tmp_path, suffix, pack):
    path = tmp_path / f"packed{suffix}"
    pack(animals, path)
    before = sorted(tmp_path.rglob("*"))
    dataset = load_folder(path)
    assert dataset.name == "packed"
    assert dataset.fingerprint() == load_folder(animals).fingerprint()
    assert sorted(tmp_path.rglob("*")) == before


def add_odd_members(path, content):
    """Members that lead out of the archive's folder, by path, by link and by being a device."""
    names = ("../outside/1.png", "cat/../../outside/2.png", "/absolute/1.png", "..\\outside\\3.png")
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "a") as archive:
            for name in names:
                archive.writestr(name, content)
        return
    with tarfile.open(path, "a") as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for name, kind, target in (
            ("cat/link.png", tarfile.SYMTYPE, "/etc/passwd"),
            ("cat/hard.png", tarfile.LNKTYPE, "cat/000.png"),
            ("cat/device.png", tarfile.CHRTYPE, ""),
            ("cat/pipe.png", tarfile.FIFOTYPE, ""),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            archive.addfile(member)


@pytest.mark.parametrize(("suffix", "pack"), [(".zip", pack_zip), (".tar", pack_tar)])
def test_archives_cannot_write_or_read_outside(animals, tmp_path, suffix, pack):
    path = tmp_path / f"evil{suffix}"
    for kind in animals.iterdir():  # two top folders, so that none is taken off
        pack(kind, path)
    add_odd_members(path, png_bytes(picture(900)))
    before = sorted(tmp_path.parent.rglob("*"))
    notes = notes_of(load_folder(path, max_skipped_share=0.5))
    assert sorted(tmp_path.parent.rglob("*")) == before
    out = ["../outside/1.png", "cat/../../outside/2.png"]
    for name in out:
        assert name in notes[notes.index("Left out as paths out of the archive: ") :]
    if suffix == ".tar":
        assert "cat/link.png (cannot be read: a link to /etc/passwd, which is no file in this archive)" in notes
        for name in ("device", "pipe"):
            assert f"cat/{name}.png (cannot be read: devices inside an archive are not read)" in notes


def test_links_inside_a_tar_are_read_from_the_member_they_name(animals, tmp_path):
    path = tmp_path / "linked.tar"
    pack_tar(animals, path)
    with tarfile.open(path, "a") as archive:
        for name, kind, target in (
            ("my animals/cat/hard.png", tarfile.LNKTYPE, "my animals/cat/001.png"),
            ("my animals/cat/soft.png", tarfile.SYMTYPE, "../dog/../cat/002.png"),
            ("my animals/cat/chain.png", tarfile.SYMTYPE, "soft.png"),
            ("my animals/cat/first.png", tarfile.SYMTYPE, "second.png"),
            ("my animals/cat/second.png", tarfile.SYMTYPE, "first.png"),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            archive.addfile(member)
    dataset = load_folder(path, max_skipped_share=0.1)
    assert sum((split.labels == 0).sum() for split in dataset.splits.values()) == 23
    notes = notes_of(dataset)
    assert "5 pictures have exact or near duplicates" in notes
    assert "2 pictures could not be used and left out: cat/first.png (cannot be read: a link to second.png" in notes


def test_a_protected_archive_is_refused(animals, tmp_path):
    path = tmp_path / "secret.zip"
    pack_zip(animals, path)
    content = bytearray(path.read_bytes())
    for start in (match.start() for match in re.finditer(b"PK\x01\x02", bytes(content))):
        content[start + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"secret.zip is protected by a password: unpack it, and name the folder"):
        load_folder(path)


@pytest.mark.parametrize("suffix", [".7z", ".rar", ".tar.zst"])
def test_other_archives_are_to_be_unpacked(tmp_path, suffix):
    path = tmp_path / f"packed{suffix}"
    path.write_bytes(b"7z")
    with pytest.raises(ValueError, match="is packed in a way that is not read: unpack it"):
        load_folder(path)


def test_an_array_without_labels_is_for_python(tmp_path):
    path = tmp_path / "pictures.NPY"
    path.write_bytes(b"PK")
    with pytest.raises(
        ValueError, match=r"holds one array: in Python, `import bakeoff` takes it, as in bakeoff\.compare"
    ):
        load_folder(path)


def test_names_as_windows_writes_them(animals, tmp_path):
    path = tmp_path / "packed.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(animals.rglob("*.png")):
            archive.writestr("my animals\\" + "\\".join(file.relative_to(animals).parts), file.read_bytes())
    assert load_folder(path).fingerprint() == load_folder(animals).fingerprint()


@pytest.mark.parametrize("drive", ["C:", r"\\nas\pictures"])
def test_a_drive_before_some_of_the_names_is_no_folder(animals, tmp_path, drive):
    path = tmp_path / "packed.zip"
    pack_zip(animals / "cat", path)
    with zipfile.ZipFile(path, "a") as archive:
        for file in sorted(animals.rglob("dog/*.png")):
            archive.writestr(drive + "\\dog\\" + file.name, file.read_bytes())
    assert load_folder(path).fingerprint() == load_folder(animals).fingerprint()
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("D:/dog/000.png", (animals / "cat" / "000.png").read_bytes())
    with ExitStack() as opened:  # of two drives, both stay
        assert ("D:", "dog", "000.png") in {file.parts for file in archives.list_archive(path, opened)}


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
def test_a_member_too_large_for_a_picture_is_left_out_unread(animals, tmp_path, suffix, monkeypatch):
    monkeypatch.setattr(picture_file, "MAX_FILE_BYTES", 100_000)
    monkeypatch.setattr(archives, "MAX_FILE_BYTES", 100_000)
    (animals / "cat" / "film.png").write_bytes(bytes(200_000))
    path = tmp_path / f"packed{suffix}"
    (pack_zip if suffix == ".zip" else pack_tar)(animals, path)
    notes = notes_of(load_folder(path))
    assert "cat/film.png (cannot be read: 200,000 bytes are over the limit of 100,000 for one file)" in notes


def test_hidden_files_beside_the_one_folder_of_an_archive_do_not_matter(animals, tmp_path):
    path = tmp_path / "packed.zip"
    pack_zip(animals, path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/my animals/cat/._000.png", b"attributes")
        archive.writestr("my animals/.DS_Store", b"view")
    dataset = load_folder(path)
    assert dataset.class_names == ("cat", "dog")
    assert "Left out as hidden: .DS_Store; __MACOSX/my animals/cat/._000.png." in dataset.notes


@pytest.mark.parametrize("place", ["", "my animals/"], ids=["beside it", "inside it"])
def test_a_text_beside_or_inside_the_one_folder_of_an_archive_does_not_matter(animals, tmp_path, place):
    path = tmp_path / "packed.zip"
    pack_zip(animals, path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(f"{place}read me.txt", b"text")
    dataset = load_folder(path)
    assert dataset.class_names == ("cat", "dog")
    assert "1 file outside any class folder left out (1 .txt): read me.txt." in dataset.notes


def test_an_archive_of_one_class_is_told_so(animals, tmp_path):
    path = tmp_path / "packed.zip"
    pack_zip(animals / "cat", path)
    with pytest.raises(ValueError, match=r"at least two classes, one sub-folder each, got 1 \(cat\)"):
        load_folder(path)


@pytest.mark.parametrize("name", ["cut.zip", "cut.tar", "cut.tar.gz", "text.zip", "text.tar.gz"])
def test_names_a_damaged_archive(animals, tmp_path, name):
    path = tmp_path / name
    (pack_zip if name.endswith("zip") else pack_tar)(animals, path)
    whole = path.read_bytes()
    path.write_bytes(b"text" * 300 if name.startswith("text") else whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=f"{name} is damaged or no archive"):
        load_folder(path)


@pytest.mark.parametrize("more", [0, 100, 512], ids=["at a header", "in a header", "before a member's content"])
def test_a_tar_that_is_cut_off_between_members_is_damaged(animals, tmp_path, more):
    path = tmp_path / "cut.tar"
    pack_tar(animals, path)
    with tarfile.open(path) as archive:
        start = archive.getmembers()[-3].offset
    path.write_bytes(path.read_bytes()[: start + more])
    with pytest.raises(ValueError, match=r"cut.tar is damaged or no archive: (it ends before its|unexpected) end"):
        load_folder(path)


def test_padding_behind_a_compressed_tar_is_none_of_its_content(animals, tmp_path):
    path = tmp_path / "animals.tar.gz"
    pack_tar(animals, path)
    path.write_bytes(path.read_bytes() + bytes(1024))
    assert load_folder(path).fingerprint() == load_folder(animals).fingerprint()


@pytest.mark.parametrize("suffix", [".tar.bz2", ".tar.xz"])
def test_nothing_behind_a_compressed_stream_is_left_out(animals, tmp_path, suffix, monkeypatch):
    path, parts = tmp_path / f"animals{suffix}", []
    pack_tar(animals, tmp_path / "a.tar")
    whole = (tmp_path / "a.tar").read_bytes()
    compress = bz2.compress if suffix == ".tar.bz2" else lzma.compress
    for part in (whole[: len(whole) // 3], whole[len(whole) // 3 :]):
        parts += [compress(part), bytes(8)]
    path.write_bytes(b"".join(parts))
    assert load_folder(path).fingerprint() == load_folder(animals).fingerprint()
    monkeypatch.setattr(archives, "BLOCK", 100)
    assert load_folder(path).fingerprint() == load_folder(animals).fingerprint()
    for spoiled in (b"".join((*parts, b"anything else behind it")), b"".join(parts)[:-50]):
        path.write_bytes(spoiled)
        with pytest.raises(ValueError, match=f"animals{suffix} is damaged or no archive: "):
            load_folder(path)


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tar.bz2", ".tar.xz"])
def test_archives_that_were_joined_are_refused(animals, tmp_path, suffix):
    for kind in ("cat", "dog"):
        pack_tar(animals / kind, tmp_path / f"{kind}{suffix}")
    path = tmp_path / f"both{suffix}"
    path.write_bytes(b"".join((tmp_path / f"{kind}{suffix}").read_bytes() for kind in ("cat", "dog")))
    with pytest.raises(ValueError, match=r"both.* is damaged or no archive: it goes on after its end mark"):
        load_folder(path)
    pack_tar(animals, tmp_path / "a.tar")
    whole = (tmp_path / "a.tar").read_bytes()
    (tmp_path / "a.tar").write_bytes(whole + bytes(99_999))  # as tapes are filled up
    assert load_folder(tmp_path / "a.tar").class_names == ("cat", "dog")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_two_members_of_a_zip_of_one_name_the_later_counts(animals, tmp_path):
    path = tmp_path / "packed.zip"
    pack_zip(animals, path)
    with zipfile.ZipFile(path, "a") as archive:
        for name in ("000", "001"):  # saved again, as tools do that only append
            archive.write(animals / "cat" / f"{name}.png", "my animals/cat/000.png")
    shutil.copy(animals / "cat" / "001.png", animals / "cat" / "000.png")
    assert load_folder(path).fingerprint() == load_folder(animals).fingerprint()


def test_a_damaged_member_of_a_zip_is_left_out(animals, tmp_path):
    path = tmp_path / "packed.zip"
    pack_zip(animals, path)
    content = bytearray(path.read_bytes())
    content[content.index(b"IDAT") + 40] ^= 255
    path.write_bytes(content)
    assert "cat/000.png (cannot be read: Bad CRC-32" in notes_of(load_folder(path))


def test_a_damaged_member_packed_by_lzma_is_left_out(animals, tmp_path):
    path = tmp_path / "packed.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        for file in sorted(animals.rglob("*.png")):
            archive.write(file, file.relative_to(tmp_path))
        start = archive.infolist()[0].header_offset
    content = bytearray(path.read_bytes())
    data = start + 30 + len("my animals/cat/000.png")  # after the member's own header and name
    content[data + 9 : data + 60] = bytes([255]) * 51  # behind the nine bytes that hold LZMA's settings
    path.write_bytes(content)
    notes = notes_of(load_folder(path))
    assert "cat/000.png (cannot be read: Corrupt input data)" in notes


def test_an_archive_of_a_version_that_python_does_not_know_is_named(animals, tmp_path):
    path = tmp_path / "packed.zip"
    pack_zip(animals, path)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 6] = 99  # version needed to extract, times ten, of the first entry
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"packed.zip is damaged or no archive: zip file version 9.9"):
        load_folder(path)


def test_names_in_utf_8_without_the_bit_that_says_so_as_macos_writes_them(animals, tmp_path):
    path = tmp_path / "mac.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(animals.rglob("*.png")):
            archive.writestr(zipfile.ZipInfo(f"{file.parent.name}XY/{file.name}"), file.read_bytes())
    path.write_bytes(path.read_bytes().replace(b"XY/", "é/".encode()))
    assert load_folder(path).class_names == ("caté", "dogé")
    path.write_bytes(path.read_bytes().replace("é/".encode(), b"\x82_/"))  # é of DOS
    assert load_folder(path).class_names == ("caté_", "dogé_")


@pytest.mark.parametrize(("name", "pack"), [("a.tbz2", pack_tar), ("a.zip", pack_tar), ("a.tar", pack_zip)])
def test_an_archive_is_known_by_its_content(animals, tmp_path, name, pack):
    pack(animals, tmp_path / name)
    assert load_folder(tmp_path / name).fingerprint() == load_folder(animals).fingerprint()
