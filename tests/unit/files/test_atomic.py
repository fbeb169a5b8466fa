"""A file that is written is the old one or the whole new one, and leaves nothing beside it."""

import os

import pytest

from babelmerge.files.atomic import folder_beside, replacing, write_atomically


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_write_atomically_leaves_no_litter_when_it_fails(tmp_path):
    target = tmp_path / "x.txt"
    write_atomically(target, "old")
    with pytest.raises(TypeError):
        write_atomically(target, 5)
    assert target.read_text() == "old"
    assert names(tmp_path) == ["x.txt"]


def test_text_keeps_its_line_ends_and_others_may_read_it(tmp_path):
    target = tmp_path / "made" / "x.txt"
    write_atomically(target, "a\r\nç\n")
    assert target.read_bytes() == "a\r\nç\n".encode()
    assert target.stat().st_mode & 0o777 == 0o644


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path):
    target = tmp_path / "x.bin"
    target.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), replacing(target) as partial:
        partial.write_bytes(b"ne")
        assert target.read_bytes() == b"old"
        raise KeyboardInterrupt
    assert target.read_bytes() == b"old"
    with replacing(target) as partial:
        partial.write_bytes(b"new")
    assert target.read_bytes() == b"new"
    assert names(tmp_path) == ["x.bin"]


def test_what_a_killed_run_left_goes_where_nobody_else_writes(tmp_path):
    (tmp_path / ".x.bin.left").write_text("half")
    (tmp_path / ".x.bin.folder").mkdir()
    (tmp_path / ".y.bin.left").write_text("another's")
    with replacing(tmp_path / "x.bin"):
        pass
    assert names(tmp_path) == [".x.bin.folder", ".x.bin.left", ".y.bin.left", "x.bin"]
    with replacing(tmp_path / "x.bin", alone=True):
        pass
    assert names(tmp_path) == [".y.bin.left", "x.bin"]


def test_a_folder_beside_a_file_goes_with_what_was_left_before_it(tmp_path):
    (tmp_path / ".x.bin.folder").mkdir()
    with folder_beside(tmp_path / "x.bin") as folder:
        assert names(tmp_path) == [folder.name]
        (folder / "part").write_text("whole")
        os.replace(folder / "part", tmp_path / "x.bin")
    assert names(tmp_path) == ["x.bin"]
