"""Step 1 of the story: the organisation gets its certificates, by the same commands an administrator uses."""

import secrets

from clouddp.demo.places import SERVICE_FQDN, Places
from clouddp.demo.processes import run_command
from clouddp.disk.whole_files import write_whole


def make_certificates(places: Places, language: str) -> None:
    """Make what is missing of authority, management certificate and service certificate."""
    places.organisation.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not places.password_file.exists():
        write_whole(places.password_file, secrets.token_urlsafe(18).encode())
    if not places.authority.exists():
        _run(places, language, ["new-authority", "Contoso Root CA"])
    if not places.management_pfx.exists():
        _run(places, language, ["new-management", "Contoso site P01"])
    if not places.service_pfx.exists():
        _run(places, language, ["new-service", SERVICE_FQDN, "--authority", str(places.authority)])


def _run(places: Places, language: str, arguments: list[str]) -> None:
    where = ["--folder", str(places.organisation), "--password-file", str(places.password_file), "--force"]
    run_command(["certificate", *arguments, *where], home=places.home, language=language)
