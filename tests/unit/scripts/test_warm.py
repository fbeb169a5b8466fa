"""A script runs in the warm interpreter as it would run by itself."""

import importlib.util
import os
import shutil
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
def warm(tmp_path_factory):
    """The module, with a server that preloads next to nothing."""
    light = tmp_path_factory.mktemp("warm") / "light.py"
    text = WARM.read_text(encoding="utf-8")
    start, end = text.index("PRELOADED = ("), text.index(")\n", text.index("PRELOADED = ("))
    light.write_text(text[:start] + 'PRELOADED = ("json"' + text[end:], encoding="utf-8")
    shutil.copy(WARM.with_name("calling.py"), light.parent)
    spec = importlib.util.spec_from_file_location("light", light)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def server(warm, tmp_path_factory):
    """A server, and what a job finds in its environment."""
    one = warm.Warm(str(tmp_path_factory.mktemp("server") / "socket"))
    yield one, one.address + warm.place()
    one.close()


def script(tmp_path, body: str) -> Path:
    path = tmp_path / "job.py"
    path.write_text(SCRIPT.format(folder=str(WARM.parent), body=body), encoding="utf-8")
    return path


def run(path: Path, address: str | None, slurm: str | None = None, before=(), **options):
    environment = {k: v for k, v in os.environ.items() if k != "BABELMERGE_WARM"}
    environment |= {"MARK": "mine"} | ({"BABELMERGE_WARM": address} if address else {})
    environment |= {"SLURM_JOB_ID": slurm} if slurm else {}
    command = [sys.executable, *before, str(path), "one", "two"]
    return subprocess.Popen(
        command, cwd=path.parent, env=environment, stdout=subprocess.PIPE, text=True, **options
    )


def test_arguments_folder_environment_and_output_are_the_callers(server, tmp_path):
    path = script(tmp_path, "sys.exit(3)")
    jobs = [run(path, server[1]), run(path, None)]
    outputs = [job.communicate(timeout=30)[0].splitlines() for job in jobs]
    assert jobs[0].returncode == jobs[1].returncode == 3
    assert outputs[0][0] == outputs[1][0] == f"args one two folder {tmp_path.name} mine"
    parent = f"parent {server[0].server.pid}"
    assert outputs[0][1] == parent, "it did not run in the server's child"


@pytest.mark.parametrize("served", [True, False])
def test_called_before_its_first_line_a_script_runs_the_same(server, tmp_path, served):
    path = script(tmp_path, "sys.exit(3)")
    start = [str(WARM.with_name("calling.py"))]
    job = run(path, server[1] if served else None, before=start)
    first, parent, *_ = job.communicate(timeout=30)[0].splitlines()
    assert (job.returncode, first) == (3, f"args one two folder {tmp_path.name} mine")
    assert parent == f"parent {server[0].server.pid if served else os.getpid()}"


def test_an_exception_is_exit_code_one(server, tmp_path):
    job = run(script(tmp_path, "raise RuntimeError('no')"), server[1], stderr=subprocess.DEVNULL)
    job.communicate(timeout=30)
    assert job.returncode == 1


def test_without_a_server_the_script_runs_by_itself(warm, tmp_path):
    job = run(script(tmp_path, "print('done')"), f"{tmp_path}/no-socket{warm.place()}")
    assert job.communicate(timeout=30)[0].splitlines()[-1] == "done"


def test_a_job_elsewhere_does_not_leave_its_place(server, tmp_path):
    """On a cluster a job has its own cores and memory: the server's are not those."""
    body = "print('parent', os.getppid())"
    job = run(script(tmp_path, body), server[1], slurm="17")
    assert job.communicate(timeout=30)[0].splitlines()[-1] == f"parent {os.getpid()}"


def test_the_server_starts_with_the_first_job_and_after_its_death_jobs_run_alone(warm, tmp_path):
    one = warm.Warm(str(tmp_path / "socket"))
    assert one.server is None
    path = script(tmp_path, "print('done')")
    assert run(path, one.address + warm.place()).communicate(timeout=30)[0].endswith("done\n")
    one.server.kill()
    one.server.wait()
    for _ in range(200):
        if not os.path.exists(one.address):
            break
        time.sleep(0.05)
    again = run(path, one.address + warm.place()).communicate(timeout=30)[0].splitlines()
    assert again[-2:] == [f"parent {os.getpid()}", "done"]
    one.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_reaches_the_command(tmp_path, number):
    """Also when this process is killed, the command is told to end."""
    command = "import signal, time\nprint('up', flush=True)\n"
    command += "signal.signal(signal.SIGTERM, lambda *_: (print('told', flush=True), exit(5)))\n"
    command += "print('ready', flush=True)\nwhile True: time.sleep(0.01)"
    process = subprocess.Popen(
        [sys.executable, str(WARM), sys.executable, "-c", command],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    for line in process.stdout:
        if line == "ready\n":
            break
    process.send_signal(number)
    assert process.stdout.read() == "told\n"
    assert process.wait() == (-number if number == signal.SIGKILL else 5)


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
