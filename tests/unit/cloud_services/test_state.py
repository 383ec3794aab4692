from datetime import timedelta

from clouddp.content.format.scope import parse_scope
from clouddp.model.exchange import Scope
from clouddp.network.signed import Purpose, verify, verify_state
from tests.unit.cloud_services.site_bench import SiteBench, now, request


def test_each_writing_has_a_higher_sequence_and_lives_a_day(site: SiteBench) -> None:
    service = site.use_cases.create(request(), idempotency_key=None)
    site.settled(service.id)

    site.state.write_state(service.id)

    token = site.stores.open_store(service.id).get("state/service").decode()
    state = verify_state(token, keys=site.keys.public(Purpose.STATE))
    assert (state.epoch, state.sequence) == (1, 2)
    assert state.expires_at - state.issued_at == timedelta(hours=24)
    assert state.token_keys == site.keys.public(Purpose.ACCESS)


def test_a_state_is_written_again_when_it_is_an_hour_old(site: SiteBench) -> None:
    service = site.use_cases.create(request(), idempotency_key=None)
    site.settled(service.id)

    site.refresh_states()
    fresh = _sequence(site, service.id)
    site.progress.note_state_written(service.id, now() - timedelta(minutes=61), sequence=1)
    site.refresh_states()

    assert (fresh, _sequence(site, service.id)) == (1, 2)


def test_what_changes_while_a_state_is_being_written_is_written_next(site: SiteBench) -> None:
    service = site.use_cases.create(request(), idempotency_key=None)
    site.settled(service.id)
    _, begun = site.progress.next_state_version(service.id)

    site.refresher.expire_all()
    site.progress.note_state_written(service.id, now(), sequence=begun)

    assert [due.service_id for due in site.progress.states_written_before(now() - timedelta(hours=1))] == [service.id]
    site.refresh_states()
    assert site.progress.states_written_before(now() - timedelta(hours=1)) == []
    assert _sequence(site, service.id) > begun


def test_a_scope_names_the_objects_of_a_version(site: SiteBench) -> None:
    service = site.use_cases.create(request(), idempotency_key=None)
    site.settled(service.id)
    scope = Scope(service_id=service.id, version_id="a" * 32, lengths={"b" * 32: 17})

    site.state.write_scope(service.id, scope)

    token = site.stores.open_store(service.id).get(f"state/scope/{scope.version_id}").decode()
    claims = verify(token, keys=site.keys.public(Purpose.STATE), purpose=Purpose.SCOPE, limit_bytes=10_000)
    assert parse_scope(claims) == scope


def _sequence(site: SiteBench, service_id: str) -> int:
    token = site.stores.open_store(service_id).get("state/service").decode()
    return verify_state(token, keys=site.keys.public(Purpose.STATE)).sequence
