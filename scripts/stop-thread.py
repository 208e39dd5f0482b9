#!/usr/bin/env python3
"""Stops one thread of a process, and leaves all others running, as a thread that hangs would. For tests of the watchdog.

`stop-thread.py PID NAME` says "stopped", and lets the thread go on when its standard input ends, or when it is killed itself.
A signal won't do: SIGSTOP stops a whole process. Exit status 2 says that the system doesn't let us trace.
"""

import ctypes
import os
import select
import sys

# From <sys/ptrace.h> and <sys/wait.h>.
PTRACE_DETACH = 17
PTRACE_SEIZE = 0x4206
PTRACE_INTERRUPT = 0x4207
WAIT_FOR_THREADS = 0x40000000


def thread_of(pid, name):
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/comm", encoding="utf-8") as file:
            if file.read().strip() == name:
                return int(thread)
    sys.exit(f"process {pid} has no thread {name}")


def main():
    pid, name = sys.argv[1:]
    thread = thread_of(pid, name)
    library = ctypes.CDLL(None, use_errno=True)
    library.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    library.ptrace.restype = ctypes.c_long
    for request in (PTRACE_SEIZE, PTRACE_INTERRUPT):
        if library.ptrace(request, thread, None, None) == -1:
            print(f"{name} can't be traced: {os.strerror(ctypes.get_errno())}", file=sys.stderr)
            sys.exit(2)
    os.waitpid(thread, WAIT_FOR_THREADS)
    print("stopped", flush=True)
    while not select.select([sys.stdin], [], [], 0.1)[0]:
        # If the process is killed meanwhile, its parent hears of it only after we have.
        ended, status = os.waitpid(thread, WAIT_FOR_THREADS | os.WNOHANG)
        if ended and (os.WIFEXITED(status) or os.WIFSIGNALED(status)):
            return
    library.ptrace(PTRACE_DETACH, thread, None, None)


main()
