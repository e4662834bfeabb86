"""A process of the stack: its crash is reported with its last words, its end is certain, and it never outlives us."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from doorstep_local.process import ManagedProcess, ProcessCrashed, ProcessNotReady


def python(code: str, directory: Path, *, grace: float = 15.0) -> ManagedProcess:
    return ManagedProcess("valve", [sys.executable, "-u", "-c", code], directory=directory, grace=grace)


def wait_until_gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_a_crash_is_reported_with_the_last_lines_of_its_log(tmp_path: Path) -> None:
    # given
    process = python("for n in range(30): print('line', n)\nraise SystemExit(3)", tmp_path)

    # when
    process.start()
    with pytest.raises(ProcessCrashed) as crash:
        process.wait_ready(lambda: False, timeout=30)

    # then
    assert crash.value.last_lines == "\n".join(f"line {n}" for n in range(10, 30))
    assert str(crash.value) == (
        f"valve exited with 3; the last lines of {tmp_path / 'valve.log'}:\n{crash.value.last_lines}"
    )


def test_a_killed_process_is_reported_by_the_signal(tmp_path: Path) -> None:
    process = python("import time; time.sleep(60)", tmp_path)
    process.start()

    psutil.Process(process.pid).kill()
    process.wait(10)

    with pytest.raises(ProcessCrashed, match="valve was killed by SIGKILL"):
        process.check()


def test_a_command_that_does_not_exist_is_a_crash(tmp_path: Path) -> None:
    process = ManagedProcess("valve", [str(tmp_path / "missing")], directory=tmp_path)
    process.start()

    with pytest.raises(ProcessCrashed, match="No such file or directory"):
        process.wait_ready(lambda: False, timeout=30)


def test_one_that_never_becomes_ready_is_told_from_a_crash(tmp_path: Path) -> None:
    process = python("print('waiting for the boiler'); import time; time.sleep(60)", tmp_path)
    process.start()
    process.wait_ready(lambda: "boiler" in process.output(), timeout=30)

    with pytest.raises(ProcessNotReady, match=r"valve was not ready after 0 s.*\nwaiting for the boiler"):
        process.wait_ready(lambda: False, timeout=0.1)

    process.stop()


def test_a_report_holds_only_what_this_run_of_it_wrote(tmp_path: Path) -> None:
    first = ManagedProcess("valve", ["/bin/sh", "-c", "echo first"], directory=tmp_path)
    first.start()
    first.wait(10)
    process = ManagedProcess("valve", ["/bin/sh", "-c", "echo $RUN"], directory=tmp_path, environment={"RUN": "second"})

    process.start()
    process.wait(10)

    assert process.output() == "second\n"
    assert process.log.read_text() == "first\nsecond\n"


def test_one_that_ignores_the_stop_signal_is_killed_when_its_grace_is_over(tmp_path: Path) -> None:
    # given
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(60)"
    process = python(code, tmp_path, grace=0.2)
    process.start()
    process.wait_ready(lambda: "deaf" in process.output(), timeout=30)
    pid = process.pid

    # when
    process.stop()

    # then
    assert not process.is_running
    assert wait_until_gone(pid)


def test_a_paused_one_can_be_stopped(tmp_path: Path) -> None:
    process = python("print('here'); import time; time.sleep(60)", tmp_path)
    process.start()
    process.wait_ready(lambda: "here" in process.output(), timeout=30)
    pid = process.pid

    process.pause()
    process.stop()

    assert wait_until_gone(pid)


def test_it_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    # given a program that starts a child and is killed
    code = (
        "import os, pathlib, sys\n"
        "from doorstep_local.process import ManagedProcess\n"
        "command = [sys.executable, '-uc', 'import time; print(1); time.sleep(60)']\n"
        f"child = ManagedProcess('child', command, directory=pathlib.Path({str(tmp_path)!r}))\n"
        "child.start()\n"
        "child.wait_ready(lambda: child.output() == '1\\n', timeout=30)\n"
        "print(child.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )

    # when
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)

    # then
    assert done.returncode == -signal.SIGKILL
    assert wait_until_gone(int(done.stdout))


def test_it_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    process = python("print('here'); import time; time.sleep(60)", tmp_path)

    thread = threading.Thread(target=process.start)
    thread.start()
    thread.join()
    process.wait_ready(lambda: "here" in process.output(), timeout=30)
    time.sleep(0.2)

    assert process.is_running
    process.stop()
