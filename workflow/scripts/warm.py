"""A warm interpreter: torch and transformers are imported once, not once a job.

A miniature study is hundreds of jobs of a second each, and importing torch and transformers takes
more than three. The Snakefile opens a socket (`serve_beside`); the first job that calls there makes
a server start that imports them. A job hands its script to the server (`calling`), which forks a
copy of the warm interpreter and runs the script there, from its first line on, with the caller's
arguments, environment, folder and output. Without a server (in a debugger) it runs by itself. The
server imports none of our modules: jobs always run the code that is on disk. When the caller dies,
its job dies with it. `python workflow/scripts/warm.py COMMAND ...` gives all runs of Snakemake that
a command starts one server.
"""

import contextlib
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable

from calling import VARIABLE, die_with_parent, place

PRELOADED = (
    "torch",
    "numpy",
    "pandas",
    "scipy.stats",
    "numba",
    "numba.np.arrayobj",
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "matplotlib.backends.backend_pdf",
    "jinja2",
    "safetensors.torch",
    "tokenizers",
    "sacrebleu",
    "pydantic.main",
    "pydantic.fields",
    "yaml",
    "transformers.models.llama.modeling_llama",
    "transformers.models.qwen2.modeling_qwen2",
    "transformers.models.auto.tokenization_auto",
    "transformers.generation.utils",
    "snakemake.script",
)


def preload() -> None:
    """Import the libraries that jobs share; one that is not installed is left to the job.

    What they made is frozen: a collection of garbage in a forked job would touch each object, and
    so copy 140 MB of memory, 0.6 s a job.
    """
    for name in PRELOADED:
        with contextlib.suppress(ImportError):
            __import__(name)
    with contextlib.suppress(ImportError, AttributeError):
        from transformers.conversion_mapping import get_checkpoint_conversion_mapping

        get_checkpoint_conversion_mapping("llama")  # makes the table of all models, in 0.2 s
    gc.collect()
    gc.freeze()


def die_with(connection: socket.socket) -> None:
    """End this process as soon as the caller's end of the connection closes."""

    def watch() -> None:
        with contextlib.suppress(OSError):
            connection.recv(1)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def run_job(connection: socket.socket, job: dict, streams: list[int]) -> None:
    """In the forked child: become the caller's process, run its script, report the exit code."""
    for target, stream in zip((1, 2), streams, strict=True):
        os.dup2(stream, target)
    os.chdir(job["folder"])
    os.environ.clear()
    os.environ.update(job["environment"])
    sys.argv = job["arguments"]
    sys.path[0] = os.path.dirname(os.path.abspath(job["arguments"][0]))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    die_with(connection)
    code = 0
    try:
        runpy.run_path(job["arguments"][0], run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    connection.sendall(bytes([code & 0xFF]))
    os._exit(code & 0xFF)


def serve(listener: socket.socket) -> None:
    """Fork one child for each caller, for ever; the kernel reaps them."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        connection, _ = listener.accept()
        message, streams, _, _ = socket.recv_fds(connection, 1 << 16, 2)
        while not message.endswith(b"\n") and (more := connection.recv(1 << 16)):
            message += more
        if not message.endswith(b"\n"):  # the caller died before it had said all
            for stream in streams:
                os.close(stream)
            connection.close()
            continue
        job = json.loads(message)
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            run_job(connection, job, streams)
        for stream in streams:
            os.close(stream)
        connection.close()


def listen(descriptor: int) -> None:
    """Be the server: take calls only when everything is imported, and end with the parent."""
    parent = os.getppid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the jobs; main ends this
    preload()

    def end_with_parent() -> None:
        while os.getppid() == parent:
            threading.Event().wait(1)
        os._exit(0)

    threading.Thread(target=end_with_parent, daemon=True).start()
    serve(socket.socket(fileno=descriptor))


class Warm:
    """A server that starts when the first job calls: a run with nothing to do needs none.

    Jobs that call while it imports wait for it. When it dies, those after it run by themselves.
    """

    def __init__(self, address: str) -> None:
        self.address, self.server = address, None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(address)
        self.listener.listen(64)
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        select.select([self.listener], [], [])
        number = self.listener.fileno()
        if number < 0:  # closed meanwhile
            return
        command = [sys.executable, __file__, "--serve", str(number)]
        self.server = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[number])
        self.server.wait()
        self.close()

    def close(self) -> None:
        """End the server, and with it the jobs that still wait."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.address)
        self.listener.close()
        if self.server is not None:
            self.server.kill()
            self.server.wait()


def serve_beside() -> Callable[[], None]:
    """Keep an interpreter warm for the jobs of this process, unless it has one from its caller.

    Returns what ends it.
    """
    if os.environ.get(VARIABLE, "").endswith(place()):
        return lambda: None
    folder = tempfile.TemporaryDirectory(prefix="babelmerge-")
    try:
        warm = Warm(os.path.join(folder.name, "socket"))
    except OSError:  # such as a path too long for a socket: each job imports by itself
        folder.cleanup()
        return lambda: None
    os.environ[VARIABLE] = f"{warm.address}{place()}"

    def end() -> None:
        warm.close()
        folder.cleanup()

    return end


def run(arguments: list[str]) -> int:
    """Run a command to its end and return its exit code; signals to this process are for it."""
    command = subprocess.Popen(arguments, preexec_fn=die_with_parent)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: command.send_signal(signal.SIGTERM))
    while True:  # Ctrl-C reaches the command too: let it end its jobs and unlock
        with contextlib.suppress(KeyboardInterrupt):
            code = command.wait()
            return code if code >= 0 else 128 - code


def main(arguments: list[str]) -> int:
    """Serve, or run a command with a warm interpreter beside it and return its exit code."""
    if arguments[:1] == ["--serve"]:
        listen(int(arguments[1]))
        return 0
    end = serve_beside()
    try:
        return run(arguments)
    finally:
        end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
