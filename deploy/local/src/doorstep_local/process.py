"""A process that the stack starts, watches and ends: by its id, with its log, never orphaned."""

import atexit
import functools
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

from doorstep_local import leash
from doorstep_local.places import make_directory

_SHOWN_LINES = 20

_Order = tuple[Callable[[], subprocess.Popen[bytes]], Future[subprocess.Popen[bytes]]]


class ProcessCrashed(Exception):
    """A process of the stack ended although nobody stopped it; the text ends with the last lines of its log."""

    code = "process_crashed"

    def __init__(self, name: str, ended: str, log: Path, last_lines: str) -> None:
        super().__init__(f"{name} {ended}; the last lines of {log}:\n{last_lines}")
        self.name = name
        self.last_lines = last_lines


class ProcessNotReady(Exception):
    """A process of the stack runs but did not become ready in time; the text ends with the last lines of its log."""

    code = "process_not_ready"

    def __init__(self, name: str, seconds: float, log: Path, last_lines: str) -> None:
        super().__init__(f"{name} was not ready after {seconds:.0f} s; the last lines of {log}:\n{last_lines}")
        self.name = name
        self.last_lines = last_lines


class ManagedProcess:
    """One child process: started with a log of its own, ended by its id, and dead when we are dead.

    `environment` is added to our own. `grace` is in seconds: how long a stop waits before it kills.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        directory: Path,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        orphan_signal: signal.Signals = signal.SIGKILL,
        grace: float = 15.0,
    ) -> None:
        self.name = name
        self.log = directory / f"{name}.log"
        self._command = tuple(command)
        self._environment = dict(environment or {})
        self._user = user
        self._stop_signal = stop_signal
        self._orphan_signal = orphan_signal
        self._grace = grace
        self._child: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def pid(self) -> int:
        """The id of the running process."""
        return self._running().pid

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Starts it; what it writes is added to the end of its log."""
        if self.is_running:
            raise RuntimeError(f"{self.name} runs already")
        make_directory(self.log.parent)
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            self._child = _spawn(
                [
                    *(sys.executable, "-I", "-S", leash.__file__),
                    *(str(os.getpid()), str(int(self._orphan_signal)), self._user or "-"),
                    *self._command,
                ],
                log.fileno(),
                {**os.environ, **self._environment},
            )
        atexit.register(self.stop)

    def wait_ready(self, ready: Callable[[], bool], *, timeout: float) -> None:
        """Waits until `ready()` holds; raises `ProcessCrashed` at once when the process ends before that."""
        deadline = time.monotonic() + timeout
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise ProcessNotReady(self.name, timeout, self.log, self.last_lines())
            time.sleep(0.05)
        self.check()

    def check(self) -> None:
        """Raises `ProcessCrashed` when the process ended by itself."""
        if self._child is not None and (returned := self._child.poll()) is not None:
            ended = f"was killed by {signal.Signals(-returned).name}" if returned < 0 else f"exited with {returned}"
            raise ProcessCrashed(self.name, ended, self.log, self.last_lines())

    def output(self) -> str:
        """What this run of it has written so far."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode("utf-8", errors="replace")

    def last_lines(self) -> str:
        """The last lines of this run's output, for a report."""
        return "\n".join(self.output().splitlines()[-_SHOWN_LINES:])

    def ask_to_stop(self) -> None:
        """Sends the stop signal and does not wait, so that several processes can stop at once."""
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(self._stop_signal)
            self._child.send_signal(signal.SIGCONT)  # a paused process would not see it

    def stop(self) -> None:
        """Stops it cleanly, and kills it when the grace is over; does nothing when it has ended."""
        child = self._child
        if child is None:
            return
        self.ask_to_stop()
        try:
            child.wait(self._grace)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        self._forget()

    def kill(self) -> None:
        """Ends it with its process group by SIGKILL, as a power cut would; does nothing when it has ended."""
        if self._child is None:
            return
        if self._child.poll() is None:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
        self._forget()

    def wait(self, timeout: float) -> int:
        """Waits until it ends by itself and returns its exit code."""
        return self._running().wait(timeout)

    def pause(self) -> None:
        """Freezes it by SIGSTOP."""
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets it go on by SIGCONT."""
        self._running().send_signal(signal.SIGCONT)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            raise RuntimeError(f"{self.name} is not running")
        return self._child

    def _forget(self) -> None:
        self._child = None
        atexit.unregister(self.stop)


def _spawn(command: Sequence[str], log: int, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )

    started: Future[subprocess.Popen[bytes]] = Future()
    _spawner(os.getpid()).put((start, started))
    return started.result()


@functools.cache
def _spawner(_owner: int) -> "queue.SimpleQueue[_Order]":
    """A thread that starts all children and never ends before the process does.

    The kernel sends a child the parent's death signal when the *thread* that started it ends, so children started from
    a thread that comes and goes (a pool's, a test's) would be killed in mid-life.
    """
    orders: queue.SimpleQueue[_Order] = queue.SimpleQueue()

    def serve() -> None:
        while True:
            start, started = orders.get()
            try:
                started.set_result(start())
            except OSError as error:
                started.set_exception(error)

    threading.Thread(target=serve, name="doorstep-spawner", daemon=True).start()
    return orders
