import threading

from clouddp.cloud_services.locks import KeyedLocks


def test_one_key_is_held_by_one_thread_at_a_time_and_others_do_not_wait() -> None:
    locks, inside, most = KeyedLocks(), [0], [0]

    def work() -> None:
        for _ in range(50):
            with locks.holding("a"):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                with locks.holding("b"):
                    pass
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == [1]


def test_a_lock_that_nobody_uses_is_not_kept() -> None:
    locks = KeyedLocks()

    for number in range(1_000):
        with locks.holding(str(number)):
            assert len(locks) == 1

    assert len(locks) == 0
