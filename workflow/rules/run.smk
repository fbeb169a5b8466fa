# Around a run: who else is at work here, what must be made again, how it stops, what went wrong.
#
# In: .snakemake/babelmerge-runs, results/{study}/made. Out: locks of dead runs are cleared; files
# that were made before and are gone, or no longer what was made, are made again.
import atexit
import contextlib
import os
import signal
from pathlib import Path

import psutil
import warm
from snakemake.dag import DAG
from snakemake.persistence.file import FilePersistence
from snakemake.scheduling.job_scheduler import JobScheduler
from snakemake.script import PythonScript

from babelmerge.command import holders
from babelmerge.files import made

ERRORS = Path("logs/errors.txt")


def say(text):
    print(text, file=sys.stderr)


def look_around():
    """Clear the locks of dead runs, name the living, and say that this run is at work.

    Returns whether it is alone.
    """
    dead, living = holders.clear()
    for holder in dead:
        say(f"The lock of a run that has died ({holder}) was cleared.")
    for holder in living:
        say(f"Another run is at work here: {holder}. Deleted files are not looked for.")
    if any(not holder.here for holder in living):
        say("If it has ended, `snakemake --unlock` forgets it.")
    try:
        holders.write()
    except PermissionError as error:
        if not workflow.dryrun:
            raise WorkflowError(
                f"{error}; make the project's folder writable"
            ) from None
    atexit.register(holders.leave)
    return not living


def stale(plans):
    """What was made and is no longer there as it was made; said once, file by file."""
    found = {}
    for name in plans:
        found |= made.stale(paths.ROOT.format(study=name), DIGESTS)
    for path, why in list(found.items())[:5]:
        say(f"{path} is made again: {why}.")
    if len(found) > 5:
        say(f"… and {len(found) - 5} more files.")
    return set(found)


def follow(dag, direction, *jobs, **options):
    """Jobs that follow from some: not those that only wait for them.

    Snakemake 9.27 asks no job behind one that runs whether it has changed itself, also when there
    are only ancient files between them; it then ends as if nothing were left to do. So a model
    would not be trained anew when the check of its data runs in the same run.
    """
    if direction is not dag.depending or dag.omitrules or dag.omitfiles:
        return FOLLOW(dag, direction, *jobs, **options)
    return FOLLOW(dag, Following(direction), *jobs, **options)


class Following:
    """Job -> the jobs that use its files, but for those that only wait for them."""

    def __init__(self, depending):
        self.depending = depending

    def __getitem__(self, job):
        after = self.depending[job].items()
        return {
            other: files
            for other, files in after
            if not all(f.is_ancient for f in files)
        }


def stop(number, frame):
    """SIGTERM stops a run as Ctrl-C does: jobs end, nothing stays locked, and it can go on."""
    for _ in range(20):  # a job may start, and another end, meanwhile
        for job in holders.children():
            with contextlib.suppress(psutil.Error):
                job.terminate()
    raise KeyboardInterrupt


def refuse_unwritable():
    own = [Path(paths.ROOT.format(study=name)) for name in STUDIES]
    for folder in (*own, own[0].parent):
        if folder.exists() and not os.access(folder, os.W_OK):
            raise WorkflowError(
                f"{folder}: this folder can't be written to, and results belong there; "
                "make it writable, or run in a copy of the project"
            )


def delete_locks(persistence):
    """Those that this run took: Snakemake 9.27 removes other runs' locks with them."""
    for lock in persistence._lockfile.values():
        Path(lock).unlink(missing_ok=True)
    persistence._lockfile.clear()


def execute(script, path, edit=False):
    """Start a job's script in the warm interpreter at once.

    By itself it would first import what Snakemake writes above its first line, which takes 0.2 s.
    """
    script._execute_cmd(
        "{python:q} {calling:q} {path:q}",
        python=sys.executable,
        calling=f"{SCRIPTS}/calling.py",
        path=path,
        is_python_script=True,
    )


def look_again(scheduler, seconds):
    """Look for ready jobs after a while, if the limit of jobs a second (100) holds some back.

    Snakemake 9.27 does so after every look, and so looks once more each second for every job that
    has ended: after some hundred jobs that takes a core.
    """
    if scheduler.job_rate_limiter.get_free_jobs() == 0:
        LOOK_AGAIN(scheduler, seconds)


if "--unlock" in sys.argv:
    holders.forget_elsewhere()
else:
    FilePersistence._delete_locks = delete_locks
FOLLOW = DAG.bfs
DAG.bfs = follow
PythonScript.execute_script = execute
LOOK_AGAIN = JobScheduler._schedule_reevalutation
JobScheduler._schedule_reevalutation = look_again
ALONE = workflow.is_main_process and look_around()
if (
    not workflow.subprocess_exec
):  # a run, or a job of a cluster, which may be a group of many
    atexit.register(warm.serve_beside())


onstart:
    if ALONE:
        ERRORS.unlink(missing_ok=True)
    refuse_unwritable()
    holders.write(
        sorted(Path(lock).name for lock in workflow.persistence._lockfile.values())
    )
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


onsuccess:
    if ALONE and any(job.rule.name == "all" for job in workflow.dag.jobs):
        planned = {str(file) for job in workflow.dag.jobs for file in job.output}
        for name in STUDIES:
            made.drop(paths.ROOT.format(study=name), DIGESTS, planned)
    for plan in STUDIES.values():
        say(f"Report: {Path(graph.paths.of(plan, paths.REPORT)).resolve()}")


onerror:
    # Among many jobs' messages the reason is far above the end; say it once more.
    if ERRORS.exists():
        say(f"\nWhat went wrong:\n{ERRORS.read_text(encoding='utf-8')}")


def reports(wildcards):
    """The report of each study; deleted files above it are no reason for Snakemake, but for us."""
    if ALONE:  # else what is gone may be in the making
        workflow.dag.forcefiles.update(stale(STUDIES))
    return [graph.paths.of(plan, paths.REPORT) for plan in STUDIES.values()]
