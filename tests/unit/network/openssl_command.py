"""The openssl program as a maker of certificate files that are not ours."""

import subprocess
from pathlib import Path

import pytest

from tests.peers import find_program

OPENSSL = find_program("openssl")

needs_openssl = pytest.mark.peer("openssl")


def openssl(*arguments: str | Path, folder: Path) -> bytes:
    """Run openssl in a folder and return what it printed."""
    assert OPENSSL is not None
    command = [OPENSSL, *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def make_key_and_certificate(folder: Path, *options: str) -> None:
    """Make `key.pem` and a self-signed `certificate.pem` for clouddp1.contoso.com."""
    subject = ("-subj", "/CN=clouddp1.contoso.com")
    files = ("-keyout", "key.pem", "-out", "certificate.pem")
    openssl("req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "30", *files, *subject, *options, folder=folder)


def make_pfx(folder: Path, *options: str) -> bytes:
    """Export `certificate.pem` as .pfx with the password `secret` (the options may say another)."""
    password = () if "-passout" in options else ("-passout", "pass:secret")
    openssl("pkcs12", "-export", "-in", "certificate.pem", "-out", "out.pfx", *password, *options, folder=folder)
    return (folder / "out.pfx").read_bytes()


def has_legacy_algorithms(folder: Path) -> bool:
    """Say whether this openssl can still encrypt as old systems did (RC2-40)."""
    assert OPENSSL is not None
    command = [OPENSSL, "list", "-providers", "-provider", "legacy"]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=30).returncode == 0
