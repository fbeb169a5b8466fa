"""A process that scores points of a sweep on the one device that it sees; see `sweep_scoring`.

Reads JSON lines: first the task and the whole grid, then lists of [index, point]. Writes a line
[index, scores, seconds] for each point. Ends with its input.
"""

import json
import sys

import torch

from babelmerge.evaluation.sweeps.scoring import Scorer, Task


def main() -> None:
    # What the libraries print must not come between the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    order = json.loads(sys.stdin.readline())
    task = Task(**order["task"])
    torch.set_num_threads(task.threads)
    scorer = Scorer(task, order["grid"])
    for line in sys.stdin:
        for answer in scorer.score(json.loads(line)):
            print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
