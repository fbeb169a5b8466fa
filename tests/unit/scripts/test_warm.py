"""A script runs in the warm interpreter as it would run by itself."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from places import SCRIPTS

WARM = SCRIPTS / "warm.py"
SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
from job import running
import os
print("args", *sys.argv[1:], "folder", os.path.basename(os.getcwd()), os.environ.get("MARK"))
print("parent", os.getppid(), flush=True)
{body}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server that preloads next to nothing, and its address."""
    folder = tmp_path_factory.mktemp("warm")
    light = folder / "server.py"
    text = WARM.read_text(encoding="utf-8")
    start, end = text.index("PRELOADED = ("), text.index(")\n", text.index("PRELOADED = ("))
    light.write_text(text[:start] + 'PRELOADED = ("json"' + text[end:], encoding="utf-8")
    address = str(folder / "socket")
    process = subprocess.Popen([sys.executable, str(light), "--serve", address])
    for _ in range(200):
        if os.path.exists(address):
            break
        time.sleep(0.05)
    yield process, address
    process.kill()
    process.wait()


def script(tmp_path, body: str) -> Path:
    path = tmp_path / "job.py"
    path.write_text(SCRIPT.format(folder=str(WARM.parent), body=body), encoding="utf-8")
    return path


def run(path: Path, address: str | None, **options):
    environment = {k: v for k, v in os.environ.items() if k != "BABELMERGE_WARM"}
    environment |= {"MARK": "mine"} | ({"BABELMERGE_WARM": address} if address else {})
    command = [sys.executable, str(path), "one", "two"]
    return subprocess.Popen(
        command, cwd=path.parent, env=environment, stdout=subprocess.PIPE, text=True, **options
    )


def test_arguments_folder_environment_and_output_are_the_callers(server, tmp_path):
    process, address = server
    path = script(tmp_path, "sys.exit(3)")
    warm, cold = run(path, address), run(path, None)
    outputs = [job.communicate(timeout=30)[0].splitlines() for job in (warm, cold)]
    assert warm.returncode == cold.returncode == 3
    assert outputs[0][0] == outputs[1][0] == f"args one two folder {tmp_path.name} mine"
    assert outputs[0][1] == f"parent {process.pid}", "it did not run in the server's child"


def test_an_exception_is_exit_code_one(server, tmp_path):
    job = run(script(tmp_path, "raise RuntimeError('no')"), server[1], stderr=subprocess.DEVNULL)
    job.communicate(timeout=30)
    assert job.returncode == 1


def test_without_a_server_the_script_runs_by_itself(tmp_path):
    job = run(script(tmp_path, "print('done')"), str(tmp_path / "no-socket"))
    assert job.communicate(timeout=30)[0].splitlines()[-1] == "done"


def test_a_job_dies_with_its_caller(server, tmp_path):
    body = "import time\nwhile True:\n    open('alive', 'w').write(str(time.time()))\n"
    job = run(script(tmp_path, body + "    time.sleep(0.02)"), server[1])
    alive = tmp_path / "alive"
    for _ in range(300):
        if alive.exists():
            break
        time.sleep(0.05)
    job.send_signal(signal.SIGKILL)
    job.wait()
    time.sleep(0.5)
    before = alive.read_text()
    time.sleep(0.3)
    assert alive.read_text() == before
