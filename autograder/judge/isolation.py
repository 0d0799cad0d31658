"""Linux namespaces, a read-only root, limits, no capabilities and a system-call filter, by ctypes: no helper program.

Two layers.  `enter_server_namespaces` and `build_root` run once, in the fork-server: afterwards the process sees
a root folder that holds Python, NumPy, matplotlib and IPython, and nothing else.  `enter_session_namespaces`,
`private_folder`, `limit` and `give_up_privileges` run after each fork, for one submission.

Inside, the submission is user 1000 without capabilities.  Started by root, that user is `nobody` outside, because the
kernel does not count processes of the real root against RLIMIT_NPROC.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
from collections.abc import Sequence
from pathlib import Path

from autograder.judge.syscall_filter import refuse_system_calls

__all__ = [
    "INSIDE",
    "NOBODY",
    "adopt_orphans",
    "build_root",
    "choose_private",
    "close_all_but",
    "die_with_parent",
    "enter_server_namespaces",
    "enter_session_namespaces",
    "give_up_privileges",
    "limit",
    "private_folder",
]

INSIDE = 1000
"""User and group id of student code, as it sees itself."""
NOBODY = 65534

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWCGROUP = 0x10000000, 0x20000000, 0x40000000, 0x02000000
SERVER_NAMESPACES = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 2, 4, 4096, 16384, 1 << 18, 2
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, AT_FDCWD, AT_RECURSIVE = 1, 2, -100, 0x8000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 36, 38
SYS_MOUNT_SETATTR = 442
"""The same number on every architecture, like all system calls since Linux 5.0."""

PLACES = ("/sys", "/mnt", "/media", "/srv", "/opt", "/tmp")  # noqa: S108
"""Folders that the sandbox's root may be built over: the first that is there and holds nothing that must be shown."""

PRIVATE = ("/tmp", "/var/tmp", "/scratch")  # noqa: S108
"""Where a submission's own empty folder may lie: the first below which nothing must be shown."""

libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> None:
    """Call a C function that returns -1 on error; raises OSError with the function's name."""
    if getattr(libc, name)(*arguments) == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    """mount(2)."""
    _call(
        "mount",
        source.encode(),
        target.encode(),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        options.encode(),
    )


def enter_server_namespaces() -> None:
    """Own user, mount, network, IPC, host-name and process-id namespaces; only children enter the last one.

    Must run in a process with one thread.  Raises OSError where the system does not allow it.
    """
    outside_user, outside_group = os.geteuid(), os.getegid()
    if outside_user != 0:
        _call("unshare", SERVER_NAMESPACES)
        _write_maps("self", f"{INSIDE} {outside_user} 1", f"{INSIDE} {outside_group} 1", deny_setgroups=True)
        return
    # Only a process that stayed outside may map more than its own id.
    ready, started = os.pipe()
    pid, helper = os.getpid(), os.fork()
    if helper == 0:
        os.close(started)
        os.read(ready, 1)
        try:
            _write_maps(str(pid), f"0 0 1\n{INSIDE} {NOBODY} 1", f"0 0 1\n{INSIDE} {NOBODY} 1", deny_setgroups=False)
        except OSError as error:
            os._exit(error.errno or 1)
        os._exit(0)
    os.close(ready)
    try:
        _call("unshare", SERVER_NAMESPACES)
    finally:
        os.close(started)
        _, status = os.waitpid(helper, 0)
    if status:
        code = os.waitstatus_to_exitcode(status)
        raise OSError(code, f"uid_map: {os.strerror(code)}")


def _write_maps(process: str, users: str, groups: str, *, deny_setgroups: bool, proc: int | None = None) -> None:
    """Map ids of a user namespace; `proc` is a descriptor of /proc where the path does not exist."""

    def write(name: str, text: str) -> None:
        path = f"{process}/{name}"
        descriptor = os.open(path if proc is not None else f"/proc/{path}", os.O_WRONLY, dir_fd=proc)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)

    if deny_setgroups:
        write("setgroups", "deny")
    write("uid_map", users)
    write("gid_map", groups)


def build_root(shown: Sequence[str], hidden: Sequence[str]) -> str:
    """A new read-only root folder that shows `shown` (files and folders) at their own paths, and nothing else.

    hidden: folders inside shown ones that must look empty; shown entries below them are shown again.
    Returns the folder, empty so far, on which `private_folder` puts each submission's own.
    """
    base = next((one for one in PLACES if Path(one).is_dir() and not _above(one, shown)), None)
    if base is None:
        raise OSError(2, "no folder to build the sandbox's root on")
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", base, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=4m")
    folders = [path for path in shown if not any(path.startswith(one + "/") for one in hidden)]
    for path in folders:
        _show(path, base)
    for path in hidden:
        if os.path.isdir(base + path):
            mount("tmpfs", base + path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=4m")
    for path in shown:
        if path not in folders:
            _show(path, base)
    for device in ("null", "zero", "urandom", "random"):
        _show(f"/dev/{device}", base)
    private = choose_private(shown)
    os.makedirs(base + private, mode=0o755)
    os.makedirs(base + "/.old")
    _call("pivot_root", base.encode(), (base + "/.old").encode())
    os.chdir("/")
    _call("umount2", b"/.old", MNT_DETACH)
    os.rmdir("/.old")
    _make_read_only()
    libc.sethostname(b"sandbox", 7)
    return private


def choose_private(shown: Sequence[str]) -> str:
    """The folder for a submission's own files: /tmp, unless the course itself is installed below it."""
    return next(one for one in PRIVATE if not _above(one, shown))


def _above(folder: str, paths: Sequence[str]) -> bool:
    return any(path == folder or path.startswith(folder + "/") for path in paths)


def _show(path: str, base: str) -> None:
    target = base + path
    if os.path.isdir(path):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    mount(path, target, None, MS_BIND | MS_REC)


def _make_read_only() -> None:
    attributes = struct.pack("QQQQ", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0, 0, 0)
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    _call("syscall", SYS_MOUNT_SETATTR, AT_FDCWD, b"/", AT_RECURSIVE, buffer, ctypes.c_size_t(len(attributes)))


def enter_session_namespaces(proc: int) -> None:
    """Own user, mount, IPC and process-id namespaces below the server's, as an ordinary user; children enter the last.

    A user namespace of its own keeps RLIMIT_NPROC to this submission.  `proc` is a descriptor of /proc.
    """
    if os.geteuid() != INSIDE:
        os.setgroups([])
        os.setresgid(INSIDE, INSIDE, INSIDE)
        os.setresuid(INSIDE, INSIDE, INSIDE)
    # Changing ids made /proc/self root's.
    _call("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0)
    _call("unshare", CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWPID)
    _call("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0)
    _write_maps("self", f"{INSIDE} {INSIDE} 1", f"{INSIDE} {INSIDE} 1", deny_setgroups=True, proc=proc)


def private_folder(path: str, size: str) -> None:
    """An empty folder in memory that nobody else sees, as working folder."""
    mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, f"mode=700,size={size},nr_inodes=4096")
    os.chdir(path)


def limit(memory: int, cpu_seconds: int, processes: int | None) -> None:
    """Resource limits of one submission."""
    caps = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: cpu_seconds,
        resource.RLIMIT_FSIZE: 64 * 2**20,
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_CORE: 0,
    }
    if processes is not None:
        caps[resource.RLIMIT_NPROC] = processes
    for kind, value in caps.items():
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


def close_all_but(kept: int) -> None:
    """Close every descriptor except 0, 1, 2 and `kept`."""
    os.closerange(3, kept)
    os.closerange(kept + 1, max(kept + 1, 65536))


def die_with_parent() -> None:
    """Be killed when the parent ends, however it ends."""
    _call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of grandchildren whose parent ends, so that none is lost from sight."""
    _call("prctl", PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def give_up_privileges() -> bool:
    """Drop every capability for good and filter system calls; whether the filter could be set."""
    for capability in range(64):
        # Fails beyond the last capability, and for a user who has none to drop.
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = struct.pack("II", 0x20080522, 0)
    _call("capset", ctypes.create_string_buffer(header, 8), ctypes.create_string_buffer(b"\0" * 24, 24))
    _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return refuse_system_calls(SERVER_NAMESPACES | CLONE_NEWCGROUP)
