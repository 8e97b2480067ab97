"""Folders of models: whenever a save is killed there is the old model, or the new one, or none, and never a mixture."""

import json
import os
import stat

import pytest

from killed import killed_at
from lsrl import FormatError
from lsrl.model.folder import FORMAT, MANIFEST, UNFINISHED, write_folder

MOST_EVENTS = 1000


@pytest.fixture
def without_waiting(monkeypatch):
    """For tests that kill: what a process has written stays when it is killed, on the disk or not."""
    monkeypatch.setattr("os.fsync", lambda _: None)


def model(which, *names):
    """The files of a model, each of which says which model it is of."""
    files = {name: f"{name} of {which}".encode() for name in names}
    return files | {
        MANIFEST: json.dumps({"format": FORMAT, "files": dict.fromkeys(files, ""), "model": which}).encode()
    }


OLD = model("old", "model.safetensors", "tokenizer.json", "config.json")
NEW = model("new", "model.safetensors", "maps.safetensors", "config.json")
OTHERS = {"notes.txt": b"notes", ".git/HEAD": b"main", "figures/a/b.svg": b"<svg/>"}


def contents(folder):
    """What is in a folder, by the paths in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def put(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def fresh(place, files):
    """A folder with these files; nothing else is in its place."""
    os.makedirs(place)
    folder = place / "model"
    if files is not None:
        folder.mkdir()
        put(folder, files)
    return folder


def from_inside(folder):
    """A save that works in the folder, which must then stay the same one."""
    os.chdir(folder)
    write_folder(".", NEW)


def from_outside(folder):
    write_folder(folder, NEW)


def kills(tmp_path, save, before):
    """For every moment at which a save is killed: the folder, and what is in it then; at last, where it is not."""
    for event in range(MOST_EVENTS):
        folder = fresh(tmp_path / str(event), before)
        killed = killed_at(event, lambda folder=folder: save(folder))
        yield folder, contents(folder)
        if not killed:
            return
    raise AssertionError("the save has no end")


def models_in(found):
    """Which models there are files of, by what they say."""
    return {content.split()[-1] for name, content in found.items() if content.startswith(name.encode() + b" of ")}


def manifest_of(found):
    return json.loads(found[MANIFEST]) if MANIFEST in found else {}


@pytest.mark.usefixtures("without_waiting")
def test_a_model_takes_the_place_of_another_in_one_step(tmp_path):
    states = []
    for folder, found in kills(tmp_path, from_outside, OLD):
        states.append(manifest_of(found)["model"])
        assert found == (NEW if states[-1] == "new" else OLD)
        write_folder(folder, NEW)
        assert contents(folder.parent) == {f"model/{name}": content for name, content in NEW.items()}
    assert states == sorted(states, reverse=True)  # the old one, until it is the new one
    assert states.count("old") > 10
    assert states.count("new") > 10


@pytest.mark.usefixtures("without_waiting")
def test_what_is_there_beside_a_model_stays(tmp_path):
    for folder, found in kills(tmp_path, from_outside, OLD | OTHERS):
        of_models = {name: content for name, content in found.items() if name not in OTHERS}
        assert of_models in (OLD, NEW)
        assert of_models == NEW or found == OLD | OTHERS
        write_folder(folder, NEW)
        assert contents(folder.parent) == {f"model/{name}": content for name, content in (NEW | OTHERS).items()}


@pytest.mark.usefixtures("without_waiting")
def test_a_new_folder_appears_whole(tmp_path):
    for folder, found in kills(tmp_path, from_outside, None):
        assert found in ({}, NEW)
        assert found or not folder.exists()
        write_folder(folder, NEW)
        assert contents(folder.parent) == {f"model/{name}": content for name, content in NEW.items()}


@pytest.mark.usefixtures("without_waiting")
@pytest.mark.parametrize(
    ("save", "before"),
    [(from_inside, OLD | OTHERS), (from_outside, OTHERS), (from_outside, {})],
    ids=["a model, from inside", "other files", "nothing"],
)
def test_where_folders_cannot_be_exchanged_no_mixture_can_be_loaded(tmp_path, save, before):
    unfinished = 0
    for folder, found in kills(tmp_path, save, before):
        assert before.keys() - OLD.keys() <= found.keys()  # what is not a model's file stays
        manifest = manifest_of(found)
        if manifest.get("format") == FORMAT:
            kept = {name: content for name, content in found.items() if not name.startswith(".")}
            assert {**kept, **OTHERS} == {**(NEW if manifest["model"] == "new" else OLD), **OTHERS}
        else:
            unfinished += manifest.get("format") == UNFINISHED
            # transformers reads no manifest, and nothing without a configuration
            assert "config.json" not in found or models_in(found) in ({b"old"}, {b"new"})
        save(folder) if save is from_outside else write_folder(folder, NEW)
        assert contents(folder) == NEW | {name: before[name] for name in before if name not in OLD}
        assert os.listdir(folder.parent) == ["model"]
    assert unfinished > 5


def test_the_current_directory_stays_the_same(tmp_path, monkeypatch):
    folder = fresh(tmp_path / "place", OLD)
    monkeypatch.chdir(folder)
    write_folder(".", NEW)
    assert os.path.samefile(".", folder)
    assert contents(folder) == NEW


def test_a_folder_that_cannot_be_exchanged_is_filled(tmp_path, monkeypatch):
    def impossible(*_):
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr("lsrl.model.folder.exchange", impossible)
    folder = fresh(tmp_path / "place", OLD | OTHERS)
    write_folder(folder, NEW)
    assert contents(folder.parent) == {f"model/{name}": content for name, content in (NEW | OTHERS).items()}


@pytest.mark.parametrize("before", [OLD, OTHERS, {}], ids=["a model", "other files", "nothing"])
def test_a_full_disk_leaves_what_was_there(before, tmp_path, monkeypatch):
    folder = fresh(tmp_path / "place", before)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_folder(folder, NEW)
    assert contents(folder.parent) == {f"model/{name}": content for name, content in before.items()}


def test_links_are_followed_and_permissions_kept(tmp_path):
    folder = fresh(tmp_path / "place", OLD)
    folder.chmod(0o700)
    (tmp_path / "link").symlink_to("place/model")
    before = os.umask(0o027)
    try:
        write_folder(tmp_path / "link", NEW)
    finally:
        os.umask(before)
    assert (tmp_path / "link").is_symlink()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o640}


def test_a_save_leaves_another_one_alone_that_is_under_way(tmp_path):
    folder = fresh(tmp_path / "place", OLD)

    class Saving(dict):
        """Files between which another process saves."""

        def items(self):
            yield from list(super().items())[:1]
            assert not killed_at(MOST_EVENTS, lambda: write_folder(folder, model("another", "config.json")))
            assert manifest_of(contents(folder))["model"] == "another"
            yield from list(super().items())[1:]

    write_folder(folder, Saving(NEW))
    assert contents(folder.parent) == {f"model/{name}": content for name, content in NEW.items()}


def test_what_the_user_has_made_again_is_not_replaced_by_what_a_killed_save_left(tmp_path):
    folder = fresh(tmp_path / "place", OLD)
    left = folder.with_name(f".model.{'0' * 16}.lsrl-save")
    put(left, model("older", "config.json") | {"notes.txt": b"older notes", "more.txt": b"more"})
    put(folder, {"notes.txt": b"newer notes"})
    write_folder(folder, NEW)
    assert contents(folder) == NEW | {"notes.txt": b"newer notes", "more.txt": b"more"}
    assert contents(left) == {"notes.txt": b"older notes"}


def test_what_is_in_the_way_is_named(tmp_path):
    folder = fresh(tmp_path / "place", OTHERS)
    (folder / "config.json").mkdir()
    with pytest.raises(FormatError, match=r"cannot write .*config\.json: it is a directory"):
        write_folder(folder, NEW)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotADirectoryError):
        write_folder(tmp_path / "file", NEW)
    with pytest.raises(OSError, match="."):
        write_folder(tmp_path / "file" / "model", NEW)


@pytest.mark.parametrize("files", [["../outside", "/etc/hostname", "..", ".", "", "a/b", 5, None], 7, None])
def test_an_older_manifest_has_nothing_removed_outside_its_folder(files, tmp_path):
    folder = fresh(tmp_path / "place", {MANIFEST: json.dumps({"format": FORMAT, "files": files}).encode()})
    put(tmp_path / "place", {"outside": b"kept"})
    write_folder(folder, NEW)
    assert contents(folder.parent) == {"outside": b"kept"} | {f"model/{name}": content for name, content in NEW.items()}
