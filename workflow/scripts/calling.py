"""A job's first step: hand its script to the warm interpreter, see `warm`, if there is one.

`python calling.py SCRIPT` runs a script there, or here. It imports as little as it can: of a job
that runs there, this is all that is started anew. A script that is started by itself goes there at
its first import, `job`.
"""

import json
import os
import runpy
import socket
import sys

VARIABLE = "BABELMERGE_WARM"
PR_SET_PDEATHSIG = 1
SIGKILL, SIGTERM = 9, 15


def place() -> str:
    """Where this process runs: a job of a cluster may not leave it for a server elsewhere."""
    return f"@{socket.gethostname()}:{os.environ.get('SLURM_JOB_ID', '')}"


def die_with_parent(number: int = SIGTERM) -> None:
    """Let this process get a signal when its parent is killed (Linux)."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
    except (ImportError, OSError, AttributeError):
        pass


def call() -> None:
    """End with the run; go to the warm interpreter, for good, if there is one."""
    die_with_parent(SIGKILL)
    if os.environ.get(VARIABLE, "").endswith(place()):
        hand_over(os.environ[VARIABLE].removesuffix(place()))


def hand_over(address: str) -> None:
    """Let the server run this script and exit as it did; return if there is none."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(address)
    except OSError:
        return
    environment = {key: value for key, value in os.environ.items() if key != VARIABLE}
    job = {"arguments": sys.argv, "folder": os.getcwd(), "environment": environment}
    sys.stdout.flush()
    sys.stderr.flush()
    message = json.dumps(job).encode() + b"\n"
    # The descriptors travel with the first bytes; the rest follows.
    sent = socket.send_fds(connection, [message], [1, 2])
    connection.sendall(message[sent:])
    try:
        code = connection.recv(1)
    except ConnectionResetError:
        code = b""
    if not code:
        print("the process of this job was killed, perhaps for want of memory", file=sys.stderr)
        sys.stderr.flush()
    os._exit(code[0] if code else 1)


if __name__ == "__main__":
    sys.argv = sys.argv[1:]
    call()
    sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
    runpy.run_path(sys.argv[0], run_name="__main__")
