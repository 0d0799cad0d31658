"""The system calls that student code may not make: a seccomp filter, given to the kernel by ctypes."""

from __future__ import annotations

import ctypes
import os
import platform
import struct

__all__ = ["refuse_system_calls"]

# What only an attack on the kernel, a way out of the sandbox, or memory that no limit counts needs: the numbers on
# x86_64 and aarch64.
REFUSED = {
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "swapon": (167, 224),
    "unshare": (272, 97), "setns": (308, 268), "ptrace": (101, 117), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "kcmp": (312, 272), "bpf": (321, 280), "perf_event_open": (298, 241),
    "userfaultfd": (323, 282), "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "reboot": (169, 142), "quotactl": (179, 60), "acct": (163, 89), "syslog": (103, 116), "personality": (135, 92),
    "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264), "lookup_dcookie": (212, 18),
    "modify_ldt": (154, None), "iopl": (172, None), "ioperm": (173, None), "vmsplice": (278, 75),
    "socket": (41, 198), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "pidfd_getfd": (438, 438),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "mount_setattr": (442, 442), "open_tree_attr": (467, 467), "statmount": (457, 457), "listmount": (458, 458),
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "msgget": (68, 186),
    "semget": (64, 190), "mq_open": (240, 180), "io_setup": (206, 0), "fanotify_init": (300, 262),
    "kexec_file_load": (320, 294), "quotactl_fd": (443, 443), "move_pages": (279, 239), "migrate_pages": (256, 238),
    "swapoff": (168, 225), "sethostname": (170, 161), "setdomainname": (171, 162), "process_madvise": (440, 440),
}  # fmt: skip
CLONE = (56, 220)
CLONE3 = 435
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
ALLOW, EPERM, ENOSYS = 0x7FFF0000, 0x00050001, 0x00050026
KILL = 0x80000000
X32 = 0x40000000
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2

libc = ctypes.CDLL(None, use_errno=True)


def refuse_system_calls(namespaces: int) -> bool:
    """Filter this process and its children from now on; False on an architecture whose numbers we do not know.

    namespaces   the flags of clone that make a namespace, refused as well
    """
    program = _program(namespaces)
    if program is None:
        return False
    code = b"".join(program)
    instructions = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("HxxxxxxP", len(program), ctypes.addressof(instructions))
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.create_string_buffer(header, len(header)), 0, 0) == -1:
        error = ctypes.get_errno()
        raise OSError(error, f"prctl: {os.strerror(error)}")
    return True


def _program(namespaces: int) -> list[bytes] | None:
    """The filter's instructions, or None where their numbers are not known; the kernel reads them in order."""
    if platform.machine() not in ARCHITECTURES or struct.calcsize("P") != 8:
        return None
    column, audit = ARCHITECTURES[platform.machine()]
    numbers = sorted(number for pair in REFUSED.values() if (number := pair[column]) is not None)
    load_word, jump_equal, jump_at_least, jump_bits, give = 0x20, 0x15, 0x35, 0x45, 0x06
    program = [
        (load_word, 0, 0, 4),
        (jump_equal, 1, 0, audit),
        (give, 0, 0, KILL),
        (load_word, 0, 0, 0),
        # System calls of the x32 interface carry this bit and would miss the numbers below.
        (jump_at_least, 0, 1, X32),
        (give, 0, 0, EPERM),
        # clone3 hides its flags behind a pointer; the C library falls back to clone.
        (jump_equal, 0, 1, CLONE3),
        (give, 0, 0, ENOSYS),
        (jump_equal, 0, 4, CLONE[column]),
        (load_word, 0, 0, 16),
        (jump_bits, 0, 1, namespaces),
        (give, 0, 0, EPERM),
        (give, 0, 0, ALLOW),
    ]
    for number in numbers:
        program += [(jump_equal, 0, 1, number), (give, 0, 0, EPERM)]
    program.append((give, 0, 0, ALLOW))
    return [struct.pack("HBBI", *line) for line in program]
