"""Becomes the given command, which dies with the process that started it and may run as another user.

Run as `python -I -S leash.py PARENT SIGNAL USER COMMAND...` (USER `-` = the same). A script of its own rather than code
between fork and exec, because that is not safe in a program with threads.
"""

import ctypes
import os
import pwd
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_SECUREBITS = 28
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_SECBIT_NO_SETUID_FIXUP = 4
_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def die_with(parent: int, signal_number: int) -> None:
    """Asks the kernel for the signal when the parent ends, whichever way it ends (Linux only)."""
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit(f"the process {parent} that started this one is gone")


def become(user: str) -> None:
    """Gives up root for another user, who may still pass through directories that are root's alone.

    PostgreSQL refuses to run as root, and a checkout may lie in a directory that only root may enter. Keeping the one
    right to pass through it changes nothing on the machine; opening the directory would.
    """
    entry = pwd.getpwnam(user)
    if sys.platform == "linux":
        # Keeps capabilities across the change of user, and lets access(2) see them, by which initdb finds its programs.
        _libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
    os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    if sys.platform == "linux" and not _keep_capability(_CAP_DAC_READ_SEARCH):
        _keep_capability(_CAP_DAC_OVERRIDE)


def _keep_capability(capability: int) -> bool:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    bit = 1 << capability
    sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)  # effective, permitted, inheritable; then their upper halves
    if _libc.capset(header, sets) != 0:
        return False
    return bool(_libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0)


def main(arguments: list[str]) -> None:
    """Puts the leash on, then becomes the command; order matters: a change of user takes the leash off."""
    parent, signal_number, user, *command = arguments
    if user != "-":
        become(user)
    die_with(int(parent), int(signal_number))
    os.execvp(command[0], command)  # noqa: S606 - the command is ours, no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
