"""A process that has all that an instance needs loaded, and starts instances as copies of itself."""

import gc
import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

_REQUEST_LIMIT_BYTES: Final = 16 * 1024
_DESCRIPTORS: Final = 4  # standard input, output and error, and the listening socket

Run = Callable[[Path, int], None]


def host_instances(control: socket.socket, run: Run) -> None:
    """Start an instance for each request on a packet socket, until who asks is gone.

    A request is a JSON object with the path of a `configuration` file, and four descriptors: what the instance has as
    standard input, output and error, and the socket it listens on. The answer is its number as `pid`, and a descriptor
    that stands for the process (pidfd_open(2)). `run` is called in the copy, with the path and the socket.
    """
    signal.signal(signal.SIGCHLD, lambda *_arguments: _forget_ended())
    gc.collect()
    gc.freeze()  # what is never looked at for garbage stays in pages that all copies share
    while True:
        request, descriptors, _flags, _address = socket.recv_fds(control, _REQUEST_LIMIT_BYTES, _DESCRIPTORS)
        if not request:
            return
        _start(control, json.loads(request)["configuration"], descriptors, run)
        for descriptor in descriptors:
            os.close(descriptor)


def _start(control: socket.socket, configuration: str, descriptors: Sequence[int], run: Run) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])  # so that an end at once leaves its number to us
    process_id = os.fork()
    if process_id == 0:
        os._exit(_live(configuration, descriptors, run))
    standing_for_it = os.pidfd_open(process_id)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
    socket.send_fds(control, [json.dumps({"pid": process_id}).encode()], [standing_for_it])
    os.close(standing_for_it)


def _live(configuration: str, descriptors: Sequence[int], run: Run) -> int:
    """Be the instance; returns its exit code. What its host holds open is not the instance's."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
        os.setsid()
        path = Path(configuration)
        os.chdir(path.parent)
        *standard, listener = descriptors
        for number, descriptor in enumerate(standard):
            os.dup2(descriptor, number)  # the first takes the place of the control socket
            os.close(descriptor)
        run(path, listener)
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else 1
    except BaseException:  # noqa: BLE001 (a copy must never go on as its host)
        traceback.print_exc()
        return 1
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
    return 0


def _forget_ended() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
