"""Laws of digests and of what is remembered of files."""

import json
import os

from babelmerge.files import provenance


def test_digest_sees_swapped_values_and_order():
    assert provenance.digest({"a": 1, "b": 2}) != provenance.digest({"a": 2, "b": 1})
    assert provenance.digest([1, 2]) != provenance.digest([2, 1])
    assert provenance.digest({"a": 1}) == provenance.digest({"a": 1})


def test_content_follows_bytes_not_dates(tmp_path):
    file, cache = tmp_path / "a.txt", tmp_path / "cache" / "digests.json"
    file.write_text("one")
    first = provenance.content([file], cache)
    os.utime(file, (1, 1))
    assert provenance.content([file], cache) == first
    assert len(json.loads(cache.read_text())["files"]) == 1
    file.write_text("two")
    assert provenance.content([file], cache) != first


def test_memory_computes_once_for_each_size_and_date_of_a_file(tmp_path):
    file, kept, asked = tmp_path / "a.txt", tmp_path / "memory.json", []

    def length(path):
        asked.append(path)
        return os.stat(path).st_size

    def remembered(meaning="lengths"):
        memory = provenance.Memory(kept, meaning)
        value = memory.get(file, length)
        memory.save()
        return value

    file.write_text("one")
    assert [remembered(), remembered()] == [3, 3] and len(asked) == 1
    file.write_text("four")
    assert remembered() == 4 and len(asked) == 2
    assert remembered("other things") == 4 and len(asked) == 3
    kept.write_text("{broken")
    assert remembered() == 4 and len(asked) == 4
