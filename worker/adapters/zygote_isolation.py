"""What a process gives up before it touches untrusted bytes. Linux, standard library, ctypes.

Two belts against the network: an empty network namespace, entered by the zygote, and a system
call filter, put on by each child, that refuses to make a socket at all (a namespace does not stop
UNIX sockets such as an embedded Redis). A user namespace comes with it, so that root in a container
is root of nothing. See namespaces(7), user_namespaces(7) and seccomp(2).
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
from dataclasses import dataclass

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_CLONE_NEWIPC = 0x08000000
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _PR_SET_DUMPABLE = 1, 22, 38, 4
_SECCOMP_MODE_FILTER = 2
_CAPABILITIES_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Isolation:
    """How far a zygote's children are shut in. `why` says what could not be had."""

    network_namespace: bool
    call_filter: bool
    why: str = ""


def enter_empty_network() -> str:
    """Leave the machine's network for an empty one; the reason when that cannot be had, else ""."""
    user, group = os.geteuid(), os.getegid()
    if _libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWIPC) == 0:
        _map_ids(user, group)
        return ""
    first = os.strerror(ctypes.get_errno())
    # Root in a container that forbids user namespaces may still make a network namespace.
    if _libc.unshare(_CLONE_NEWNET) == 0:
        return ""
    return f"unshare of a user and network namespace: {first}"


def _map_ids(user: int, group: int) -> None:
    """Be the same user inside as outside, so that files stay readable."""
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(line)


def die_with_parent() -> None:
    """Have the kernel kill this process when the (single-threaded) parent ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def limit(*, memory_bytes: int, file_bytes: int) -> None:
    """Bound address space, written files, open files and core dumps of this process."""
    for kind, wanted in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        bound = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (bound, bound))


def drop_privileges() -> None:
    """Give up every capability for good: no later call, exec or file can bring one back."""
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    header = struct.pack("=Ii", _CAPABILITIES_VERSION_3, 0)
    _libc.capset(ctypes.c_char_p(header), ctypes.c_char_p(bytes(24)))
    # Nobody else of this user may look into the process, nor is it ever dumped.
    _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


# Numbers from the kernel's syscall tables (asm/unistd_64.h, asm-generic/unistd.h).
_ARCHITECTURES = {
    "x86_64": (0xC000003E, 0),
    "aarch64": (0xC00000B7, 1),
}
_NEVER = {  # name: (x86_64, aarch64)
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "open_by_handle_at": (304, 265),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "kexec_load": (246, 104),
}
_NO_NEW_PROCESS = {"execve": (59, 221), "execveat": (322, 281)}
_NO_NEW_PROCESS_X86 = {"fork": 57, "vfork": 58}
_CLONE = (56, 220)
_CLONE3 = 435
_CLONE_THREAD = 0x00010000

_LOAD_WORD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_AT_NUMBER, _AT_ARCHITECTURE, _AT_FIRST_ARGUMENT = 0, 4, 16  # struct seccomp_data
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS = 1, 38


def filter_calls(*, may_start_processes: bool) -> bool:
    """Refuse the system calls that reach outside; True when the kernel took the filter.

    A deny list, since a renderer and four parsers need too many calls to list: it is the second
    belt, not the first. Unknown architectures get no filter and say so.
    """
    architecture = _ARCHITECTURES.get(platform.machine())
    if architecture is None:
        return False
    program = _program(*architecture, may_start_processes=may_start_processes)
    buffer = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: the number of instructions, padding, their address.
    head = struct.pack("@HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer))
    return bool(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.c_char_p(head)) == 0)


def _program(audit_arch: int, column: int, *, may_start_processes: bool) -> bytes:
    """The filter in classic BPF: check the architecture, then compare the call number."""
    refused = [numbers[column] for numbers in _NEVER.values()]
    if not may_start_processes:
        refused += [numbers[column] for numbers in _NO_NEW_PROCESS.values()]
        refused += list(_NO_NEW_PROCESS_X86.values()) if column == 0 else []
    steps = [
        (_LOAD_WORD, 0, 0, _AT_ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, audit_arch),
        (_RETURN, 0, 0, _KILL),
        (_LOAD_WORD, 0, 0, _AT_NUMBER),
    ]
    if column == 0:  # The x32 personality would be a way around every number below.
        steps += [(_JUMP_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, _ERRNO | _ENOSYS)]
    # glibc falls back from clone3, whose flags a filter cannot see, to clone.
    steps += [(_JUMP_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, _ERRNO | _ENOSYS)]
    for number in refused:
        steps += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | _EPERM)]
    if not may_start_processes:  # Threads are none: Pango asks fontconfig in one.
        steps += [
            (_JUMP_EQUAL, 0, 4, _CLONE[column]),
            (_LOAD_WORD, 0, 0, _AT_FIRST_ARGUMENT),
            (_JUMP_SET, 0, 1, _CLONE_THREAD),
            (_RETURN, 0, 0, _ALLOW),
            (_RETURN, 0, 0, _ERRNO | _EPERM),
        ]
    steps.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
