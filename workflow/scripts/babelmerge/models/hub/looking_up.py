"""Repositories and revisions looked up on the hub, before anything is fetched or trained.

Imports `huggingface_hub` inside the functions: whoever takes models from folders needs none of it.
Nothing is fetched, and a hub that does not answer costs no longer than TIMEOUT, once.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from babelmerge.models.hub import names
from babelmerge.words import spelling

LOG = logging.getLogger(__name__)
MOST_TOLD = 8  # problems that an error lists
TIMEOUT = 10.0  # seconds in which a hub must begin to answer
Place = tuple[str, str | None]  # a repository and a revision, None for the default one


def look_up(wanted: Mapping[str, Place]) -> list[str]:
    """ValueError unless each repository is on the hub and has the revision, all at once.

    wanted: by model, where it is. Returns the repositories of which nothing is known yet, since
    the hub did not answer: it has not said no, and what is to be fetched may lie in its cache.
    """
    asked: dict[str, list[str | None]] = {}
    for repository, revision in dict.fromkeys(wanted.values()):
        asked.setdefault(repository, []).append(revision)
    named = {repository: names.problem(repository) for repository in asked}
    problems = {
        (repository, revision): text
        for repository, text in named.items()
        for revision in asked[repository]
    }
    found, unknown = _answers({r: own for r, own in asked.items() if not named[r]})
    problems |= found
    models: dict[str, list[str]] = {}
    for model, place in wanted.items():
        if problem := problems.get(place):
            models.setdefault(problem, []).append(model)
    if models:
        raise ValueError(_told(models))
    return unknown


def _answers(asked: Mapping[str, Sequence[str | None]]) -> tuple[dict[Place, str], list[str]]:
    """(what is wrong with each place, the repositories of which the hub says nothing)."""
    from httpx2 import TransportError

    problems: dict[Place, str] = {}
    unknown = []
    for at, (repository, own) in enumerate(asked.items()):
        try:
            found = _problems(repository, own)
            problems |= {(repository, revision): text for revision, text in found.items()}
        except (TransportError, ConnectionError, TimeoutError) as error:  # or it is told not to
            reason = str(error) or type(error).__name__
            LOG.warning("models on the hub are not looked up: %s", reason)
            return problems, unknown + list(asked)[at:]
        except Exception as error:  # of this repository; others may be told more of
            LOG.warning("%s: not looked up (%s: %s)", repository, type(error).__name__, error)
            unknown.append(repository)
    return problems, unknown


@contextmanager
def _impatient() -> Iterator[None]:
    """Requests that name no limit of time have TIMEOUT inside; by itself the library waits."""
    from huggingface_hub.utils import get_session

    session = get_session()
    before, session.timeout = session.timeout, TIMEOUT
    try:
        yield
    finally:
        session.timeout = before


def _told(models: Mapping[str, Sequence[str]]) -> str:
    """A line for each problem, with the models that have it; of many problems the first."""
    lines = []
    for problem, (first, *others) in models.items():
        more = f" and {len(others)} more" if others else ""
        lines.append(f"{first}{more}: {problem}")
    left = len(lines) - MOST_TOLD
    return "\n".join([*lines[:MOST_TOLD], *([f"… and {left} more like these"] if left > 0 else [])])


def _problems(repository: str, asked: Sequence[str | None]) -> dict[str | None, str]:
    """What is wrong with a repository, else with each revision of it; nothing for what is there."""
    if whole := _problem(repository):
        return dict.fromkeys(asked, whole)
    named = [revision for revision in asked if revision is not None]
    known = revisions(repository) if len(named) > 1 else []
    absent = [r for r in named if r not in known and not _has(repository, r)]
    known = known or (revisions(repository) if absent else [])
    return {revision: no_revision(repository, revision, known) for revision in absent}


def _problem(repository: str) -> str:
    """Why nothing can be fetched from a repository; empty where it can."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError

    try:
        if HfApi().model_info(repository, timeout=TIMEOUT).gated:
            with _impatient():
                HfApi().auth_check(repository)  # what is told of it is public, its files are not
    except GatedRepoError:
        return (
            f"{repository} is given only to those who have accepted its terms; accept them on its "
            f"page, https://huggingface.co/{repository}, and run `hf auth login`, or set HF_TOKEN"
        )
    except RepositoryNotFoundError:
        return (
            f"{repository} is not on the hub, or not for this account; correct `hub`, or run "
            "`hf auth login` if it is private"
        )
    except HFValidationError as error:
        return f"`hub` is no repository's name: {error} Expected {names.EXPECTED}."
    return ""


def _has(repository: str, revision: str) -> bool:
    """Whether a repository has a branch, tag or commit."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RevisionNotFoundError

    try:
        HfApi().model_info(repository, revision=revision, timeout=TIMEOUT)
    except RevisionNotFoundError:
        return False
    return True


def revisions(repository: str) -> list[str]:
    """The branches and tags of a repository; none where the hub does not tell them."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    try:
        with _impatient():
            refs = HfApi().list_repo_refs(repository)
    except HfHubHTTPError:
        return []
    return [ref.name for ref in (*refs.branches, *refs.tags)]


def no_revision(repository: str, revision: str | None, known: Sequence[str]) -> str:
    """That a revision is not there, what is, and what to do."""
    there = f"; it has {spelling.listed(known)}" if known else ""
    like = spelling.nearest(revision, known)
    remedy = (
        "Name a branch, tag or commit of it in `revision` or, of checkpoints along training, in "
        "`checkpoint_revision`."
    )
    found = f"{repository} has no revision {revision or 'main'}{there}."
    return " ".join(filter(None, (found, like, remedy)))
