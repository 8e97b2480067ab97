"""Runs something in a process of its own, which is killed on the way."""

import os
import signal
import sys
import time
import warnings

FILE_EVENTS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.listdir", "os.scandir"}
"""What Python reports before it does it (`sys.addaudithook`), of what reads and changes files."""

LONGEST = 120
"""Seconds after which a process that should have ended is killed, and the test fails."""


def killed_at(event, action):
    """Whether the process was killed, at the given one of its file events, before it was done with the action."""

    def killing():
        before = iter(range(event))

        def hook(name, _):
            if name in FILE_EVENTS and next(before, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        action()

    return _killed(_forked(killing), LONGEST)


def killed_after(seconds, action):
    """Whether the process was killed, so many seconds after its start, before it was done with the action."""
    return _killed(_forked(action), seconds)


def seconds_of(action):
    """How long the action takes in a process of its own."""
    started = time.perf_counter()
    assert not _killed(_forked(action), LONGEST)
    return time.perf_counter() - started


def _forked(action):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads: the child uses none of them
        child = os.fork()
    if child:
        return child
    status = 1
    try:
        action()
        status = 0
    finally:
        os._exit(status)


def _killed(child, seconds):
    """Wait for the end of a process, so long at most; whether it was killed. It must not have failed."""
    end = time.perf_counter() + seconds
    status = None
    while status is None:
        found, ended = os.waitpid(child, os.WNOHANG)
        if found:
            status = ended
        elif time.perf_counter() >= end:
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
        else:
            time.sleep(0.0002)
    if os.WIFEXITED(status):
        assert os.WEXITSTATUS(status) == 0
        return False
    assert os.WTERMSIG(status) == signal.SIGKILL
    return True
