"""The filter of system calls (seccomp) of a decoder: what decoding never needs, fails.

https://docs.kernel.org/userspace-api/seccomp_filter.html. A list of what is refused, not of what is
allowed: an operator's own ffmpeg, with another libc, is to run as well. Files are the other half's
business, see `kernel_sandbox`; here are calls that it does not know.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from functools import cache

import seccompy
from seccompy import CmpOp, bpf

_SOCKETS = (
    "socket socketpair connect bind listen accept accept4 sendto sendmsg sendmmsg recvfrom recvmsg"
    " recvmmsg getsockname getpeername setsockopt getsockopt shutdown"
)
_PROCESSES = (
    "ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp pidfd_open"
    " pidfd_getfd pidfd_send_signal kill tkill rt_sigqueueinfo rt_tgsigqueueinfo setuid setgid"
    " setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset setrlimit"
    " migrate_pages move_pages"
)
# A program that is nowhere in the file system is none that Landlock knows.
_PROGRAMS = "execveat memfd_create memfd_secret uselib"
# Landlock refuses to open for writing, not to change what needs no opening.
_CHANGES = (
    "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat setxattr lsetxattr fsetxattr"
    " setxattrat removexattr lremovexattr fremovexattr removexattrat utime utimes utimensat"
    " futimesat truncate ftruncate fallocate creat mknod mknodat link linkat symlink symlinkat"
    " rename renameat renameat2 unlink unlinkat rmdir mkdir mkdirat file_setattr"
)
_SYSTEM = (
    "mount umount2 pivot_root chroot move_mount open_tree open_tree_attr fsopen fsconfig fsmount"
    " fspick mount_setattr unshare setns swapon swapoff reboot init_module finit_module"
    " delete_module kexec_load kexec_file_load acct quotactl quotactl_fd bpf perf_event_open"
    " userfaultfd io_uring_setup io_uring_enter io_uring_register keyctl add_key request_key"
    " name_to_handle_at open_by_handle_at personality iopl ioperm modify_ldt syslog sethostname"
    " setdomainname settimeofday clock_settime clock_adjtime adjtimex vhangup msgget msgsnd msgrcv"
    " msgctl semget semop semctl semtimedop shmget shmat shmctl mq_open mq_unlink inotify_init"
    " inotify_init1 fanotify_init fanotify_mark"
)
# Their arguments are behind a pointer, where no filter can look; a libc falls back to others.
_UNREADABLE = "clone3 openat2"
_NAMESPACES = (
    0x0002_0000,
    0x0200_0000,
    0x0400_0000,
    0x0800_0000,
    0x1000_0000,
    0x2000_0000,
    0x4000_0000,
)
_TIOCSTI = 0x5412
# x86-64 has a second set of numbers, from here on.
_X32 = 0x4000_0000


@cache
def program_of(*, network: bool, devices: bool) -> bytes:
    """The filter as BPF. `network`: sockets work. `devices`: files open for writing, too."""
    rules = seccompy.Filter()
    names = [*_PROCESSES.split(), *_PROGRAMS.split(), *_CHANGES.split(), *_SYSTEM.split()]
    names += () if network else _SOCKETS.split()
    for number in _numbers(names):
        rules.errno(number, errno.EPERM)
    for number in _numbers(_UNREADABLE.split()):
        rules.errno(number, errno.ENOSYS)
    for flag in _NAMESPACES:
        rules.errno("clone", errno.EPERM, args=[(0, CmpOp.MASKED_EQ, flag, flag)])
    rules.errno("ioctl", errno.EPERM, args=[(1, CmpOp.MASKED_EQ, _TIOCSTI, 0xFFFF_FFFF)])
    rules.errno("prlimit64", errno.EPERM, args=[(2, CmpOp.NE, 0)])
    if not devices:
        _refuse_writing(rules)
    before = _refuse_x32() if seccompy.arch() == "x86_64" else b""
    return before + rules.program


def _refuse_writing(rules: seccompy.Filter) -> None:
    """Not by Landlock alone: some kernels are without it."""
    for call, index in (("open", 1), ("openat", 2)):
        for number in _numbers([call]):
            for mode in (os.O_WRONLY, os.O_RDWR):
                rules.errno(
                    number, errno.EPERM, args=[(index, CmpOp.MASKED_EQ, mode, os.O_ACCMODE)]
                )


def _refuse_x32() -> bytes:
    """Instructions before all others."""
    refuse = int(seccompy.Action.ERRNO) | errno.ENOSYS
    checks = [bpf.Load(0), bpf.Jump(bpf.BPF_JGEQ, _X32, None, "other"), bpf.Ret(refuse)]
    return bpf.assemble(checks, {"other": len(checks)})


def _numbers(names: list[str]) -> list[int]:
    """Of those that this processor's system has."""
    numbers = []
    for name in names:
        with suppress(ValueError):
            numbers.append(seccompy.syscall_nr(name))
    return numbers


class ReadyFilter(seccompy.Filter):
    """Of a program that is made already: to make it takes longer than to start a decoder."""

    __slots__ = ("_ready",)

    def __init__(self, program: bytes) -> None:
        super().__init__()
        self._ready = program

    @property
    def program(self) -> bytes:
        return self._ready
