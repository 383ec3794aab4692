"""Follow a service FQDN through DNS to the address of the service, and say what is wrong on the way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from clouddp.model.errors import ConflictError, NotFoundError, SiteError
from clouddp.network.name_queries import NameRecord, ask_addresses, text_of_name

_LONGEST_CHAIN: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class NameChain:
    """Where a name leads; `fault` says what is wrong with that, None when it leads where it should."""

    service_fqdn: str
    hops: tuple[NameRecord, ...]
    addresses: tuple[str, ...]
    fault: SiteError | None


def follow_names(
    service_fqdn: str,
    *,
    service_host: str,
    virtual_ip: str | None = None,
    resolver: str | None = None,
    timeout_seconds: float = 5.0,
) -> NameChain:
    """Ask where `service_fqdn` leads: it should be an alias of `service_host`, and that have the virtual IP.

    `resolver` is `host:port` of a name server; None asks those of this machine.

    Raises:
        TemporaryError: none of them answers.
        InvalidInputError: one of the names cannot be a name.

    """
    expected = text_of_name(service_host)
    hops = walk(
        text_of_name(service_fqdn),
        lambda name: ask_addresses(name, resolver=resolver, timeout_seconds=timeout_seconds),
    )
    return NameChain(
        service_fqdn=service_fqdn,
        hops=tuple(hops),
        addresses=tuple(hop.value for hop in hops if hop.kind == "A"),
        fault=_fault(text_of_name(service_fqdn), hops, expected=expected, virtual_ip=virtual_ip),
    )


def find_records(name: str, *, resolver: str | None = None, timeout_seconds: float = 2.0) -> list[NameRecord]:
    """Give all that DNS says of a name on the way to its addresses, of whichever kind; nothing when it has none.

    Raises:
        TemporaryError: no name server answers.
        InvalidInputError: it cannot be a name.

    """
    ask = partial(ask_addresses, resolver=resolver, timeout_seconds=timeout_seconds)
    hops = walk(text_of_name(name), ask)
    if any(hop.kind == "A" for hop in hops):
        return hops
    return walk(text_of_name(name), partial(ask, kind="AAAA"))


def walk(first: str, ask: Callable[[str], Sequence[NameRecord]]) -> list[NameRecord]:
    """Go from alias to alias until there are addresses, nothing, or a name again; a server may tell several hops."""
    hops: list[NameRecord] = []
    current, known = first, list(ask(first))
    while len(hops) < _LONGEST_CHAIN:
        here = [record for record in known if record.name == current]
        alias = next((record for record in here if record.kind == "CNAME"), None)
        if alias is None:
            return hops + here
        hops.append(alias)
        current = alias.value
        if any(hop.name == current for hop in hops):
            return hops
        if not any(record.name == current for record in known):
            known = list(ask(current))
    return hops


def _fault(fqdn: str, hops: Sequence[NameRecord], *, expected: str, virtual_ip: str | None) -> SiteError | None:
    aliases = [hop for hop in hops if hop.kind == "CNAME"]
    addresses = [hop.value for hop in hops if hop.kind == "A"]
    found = ", ".join(addresses)
    if not hops:
        return NotFoundError("names.alias_missing", fqdn=fqdn, target=expected)
    if aliases:
        fault = _alias_fault(fqdn, aliases, expected=expected, is_cut=len(hops) == _LONGEST_CHAIN)
        if fault is not None:
            return fault
    elif virtual_ip not in addresses:
        return ConflictError("names.not_an_alias", fqdn=fqdn, found=found, target=expected)
    if not addresses:
        return NotFoundError("names.no_address", fqdn=fqdn, name=aliases[-1].value)
    if virtual_ip is not None and virtual_ip not in addresses:
        return ConflictError("names.wrong_address", fqdn=fqdn, found=found, address=virtual_ip)
    return None


def _alias_fault(fqdn: str, aliases: Sequence[NameRecord], *, expected: str, is_cut: bool) -> SiteError | None:
    last = aliases[-1].value
    if is_cut or any(alias.name == last for alias in aliases):
        return ConflictError("names.loop", fqdn=fqdn, name=last, target=expected)
    if all(alias.value != expected for alias in aliases):
        return ConflictError("names.wrong_target", fqdn=fqdn, found=last, target=expected)
    return None
