"""Files are read if they are regular and not too large, and written whole or not at all."""

import os
import signal
import stat

import pytest

from killed import killed_at
from lsrl import FormatError
from lsrl.files import exchange, read_file, write_whole


def refused(message, act, *arguments):
    with pytest.raises(FormatError, match=message) as caught:
        act(*arguments)
    assert "\n" not in str(caught.value)


def test_a_file_is_read_up_to_its_limit(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_file(path, "five bytes", 5) == b"12345"
    refused("it has 5 bytes; expected four bytes of at most 4", read_file, path, "four bytes", 4)


def special_files(folder):
    """What is in a file's place, by what it is called."""
    os.mkfifo(folder / "pipe")
    (folder / "directory").mkdir()
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "device").symlink_to("/dev/zero")
    (folder / "dangling").symlink_to(folder / "nowhere")
    with open(folder / "sparse", "wb") as file:
        file.truncate(10**12)
    return [folder / name for name in ("pipe", "directory", "loop", "device", "dangling", "sparse", "a\0b", "x" * 5000)]


def test_what_is_no_file_is_not_read_and_not_waited_for(tmp_path):
    signal.alarm(60)  # it would be for ever
    for path in special_files(tmp_path):
        refused("cannot read .*; expected text", read_file, path, "text")
    signal.alarm(0)


def test_a_pipe_that_takes_a_files_place_is_not_waited_for(tmp_path, monkeypatch):
    path = tmp_path / "file"
    os.mkfifo(path)
    monkeypatch.setattr("lsrl.files.check_file", lambda *_: None)  # it was a file when it was looked at
    signal.alarm(60)
    refused("it is not a regular file", read_file, path, "text")
    signal.alarm(0)


def test_files_get_the_permissions_that_the_user_gives(tmp_path):
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "file", b"one")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_a_file_that_is_replaced_keeps_its_permissions_and_its_links(tmp_path):
    (tmp_path / "file").write_bytes(b"one")
    (tmp_path / "file").chmod(0o600)
    (tmp_path / "link").symlink_to("file")
    write_whole(tmp_path / "link", b"two")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"two"
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600
    assert sorted(os.listdir(tmp_path)) == ["file", "link"]


def test_what_cannot_be_written_is_refused_and_leaves_what_was_there(tmp_path):
    for path in special_files(tmp_path):
        if path.name not in ("sparse", "dangling", "loop"):  # in whose place there can be a file
            refused("cannot write", write_whole, path, b"text")
    refused("cannot write .*No such file", write_whole, tmp_path / "no" / "folder", b"text")
    assert not any(name.startswith(".") for name in os.listdir(tmp_path))
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    write_whole(tmp_path / "file", b"old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    refused("cannot write .*: No space left on device", write_whole, tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_file_is_the_old_or_the_new_one_whenever_writing_is_killed(tmp_path):
    found = []
    for event in range(50):
        (tmp_path / "file").write_bytes(b"old")
        killed = killed_at(event, lambda: write_whole(tmp_path / "file", b"new"))
        found.append((tmp_path / "file").read_bytes())
        if not killed:
            break
    assert not killed
    assert set(found[:-1]) == {b"old", b"new"}
    assert found[-1] == b"new"


def test_two_folders_are_exchanged(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name / name).mkdir(parents=True)
    exchange(tmp_path / "one", tmp_path / "other")
    assert (os.listdir(tmp_path / "one"), os.listdir(tmp_path / "other")) == (["other"], ["one"])
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "one", tmp_path / "nowhere")
