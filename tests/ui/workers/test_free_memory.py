"""Free memory as the files of the system tell it, under every version of control groups."""

import os

import pytest

from gradflow.ui.workers.free_memory import free_bytes, resident_bytes

MEGA = 1 << 20


def system(root, files, group=None, machine=8000):
    """A folder with a system's files; sizes in megabytes, but for texts."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/meminfo").write_text(
        f"MemTotal: 9999999 kB\nMemFree: 1 kB\nMemAvailable: {machine * 1024} kB\n"
    )
    if group is not None:
        (root / "proc/self/cgroup").write_text(group)
    for name, content in files.items():
        path = root / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else f"{content * MEGA}\n")
    return root


def stat(name, megabytes):
    return f"anon 5\nfile 7\n{name} {megabytes * MEGA}\nslab 9\n"


V2 = {"memory.max": 2000, "memory.current": 1500, "memory.stat": stat("inactive_file", 300)}
V1 = {
    "memory.limit_in_bytes": 1000,
    "memory.usage_in_bytes": 900,
    "memory.stat": "inactive_file 5\n" + stat("total_inactive_file", 50),
}
OPEN_V1 = V1 | {"memory.limit_in_bytes": "9223372036854771712\n"}


def inside(folder, files):
    return {f"{folder}/{name}": content for name, content in files.items()}


@pytest.mark.parametrize(
    ("files", "group", "free"),
    [
        pytest.param({}, None, 8000, id="no groups"),
        pytest.param({}, "0::/\n", 8000, id="a group without limits"),
        pytest.param(V2, "0::/\n", 800, id="v2, the group itself mounted"),
        pytest.param(inside("a/b", V2), "0::/a/b\n", 800, id="v2, below the top"),
        pytest.param(
            inside("a", V2 | {"memory.max": 1600}) | inside("a/b", V2 | {"memory.max": "max\n"}),
            "0::/a/b\n",
            400,
            id="v2, the limit of the group above",
        ),
        pytest.param(V2, "0::/elsewhere/b\n", 800, id="v2, in a container"),
        pytest.param(
            inside("memory/a", V1), "9:cpu:/c\n4:memory:/a\n0::/\n", 150, id="v1, below the top"
        ),
        pytest.param(inside("memory", V1), "4:memory:/a\n", 150, id="v1, in a container"),
        pytest.param(inside("memory/a", OPEN_V1), "4:memory:/a\n", 8000, id="v1, no limit"),
        pytest.param(
            inside("memory", V1) | V2, "4:memory:/a\n0::/\n", 150, id="both: the least counts"
        ),
        pytest.param(
            V2 | {"memory.current": 3000, "memory.stat": ""}, "0::/\n", 0, id="v2, over its limit"
        ),
    ],
)
def test_the_least_of_all_limits_counts(tmp_path, files, group, free):
    assert free_bytes(system(tmp_path, files, group)) == free * MEGA


def test_a_full_machine_counts_before_its_groups(tmp_path):
    assert free_bytes(system(tmp_path, V2, "0::/\n", machine=70)) == 70 * MEGA


def test_four_gigabytes_are_taken_to_be_free_where_nothing_is_known(tmp_path):
    assert free_bytes(tmp_path) == 4 << 30


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs Linux' files")
def test_a_process_has_what_it_has_taken():
    before = resident_bytes(os.getpid())
    block = bytearray(64 * MEGA)
    block[::4096] = bytes(len(block[::4096]))
    assert resident_bytes(os.getpid()) - before >= 60 * MEGA
    assert resident_bytes(1 << 30) is None
