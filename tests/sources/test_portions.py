"""The objects that wait: dealt out whole, whatever the list does."""

from __future__ import annotations

from collections.abc import Generator

from hypothesis import given
from hypothesis import strategies as st

from scanner.errors import GitError
from scanner.git.enumerate import Listed
from scanner.sources.portions import Dealt, Pool

PARTS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 100_000)), max_size=30)


def listing(parts: list[tuple[int, int]], error: GitError | None = None) -> Generator[Listed, None, None]:
    """Parts of so many objects and bytes; then an error."""
    number = 0
    for objects, size in parts:
        yield Listed(b"".join(b"%040x\n" % (number + each) for each in range(objects)), objects, size)
        number += objects
    if error:
        raise error


def drained(pool: Pool, workers: int) -> list[bytes]:
    """All portions, as several workers would take them."""
    portions = list(pool.first(workers))
    pool.start()
    while portion := pool.take(workers):
        portions.append(portion)
    pool.stop()
    return portions


@given(PARTS, st.integers(1, 4), st.sampled_from([1, 20_000, 1 << 30]))
def test_everything_is_dealt_out_once_and_in_order(parts: list[tuple[int, int]], workers: int, least: int) -> None:
    pool = Pool(listing(parts), least)
    portions = drained(pool, workers)
    total = sum(objects for objects, _ in parts)
    assert b"".join(portions).split() == [b"%040x" % number for number in range(total)]
    assert all(portions)
    assert (pool.objects, pool.size, pool.error, pool.rest()) == (total, sum(size for _, size in parts), None, [])


def test_portions_are_large_while_there_is_much_and_small_at_the_end() -> None:
    pool = Pool(listing([(100, 1000)] * 400), 1 << 20)
    pool.start()
    assert sum(part.count(b"\n") for part in pool.rest()) == 40_000
    sizes = [portion.count(b"\n") for portion in iter(lambda: pool.take(2), None)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 4 * sizes[-1]


def test_an_error_of_the_list_ends_it_and_is_kept() -> None:
    error = GitError("it broke")
    pool = Pool(listing([(3, 10)], error))
    assert [portion.count(b"\n") for portion in drained(pool, 2)] == [3]
    assert pool.error is error


def test_what_nobody_took_is_told() -> None:
    pool = Pool(listing([(3, 10), (4, 10)]), 1)
    assert next(pool.first(1)).count(b"\n") == 3
    pool.start()
    assert [part.count(b"\n") for part in pool.rest()] == [4]
    pool.stop()


@given(st.lists(st.binary(min_size=1)), st.integers(1, 4), st.integers(0, 5))
def test_portions_that_are_known_are_dealt_out_once(portions: list[bytes], workers: int, takes: int) -> None:
    pool = Dealt(portions)
    taken = list(pool.first(workers))
    pool.start()
    taken += [portion for _ in range(takes) if (portion := pool.take(workers))]
    assert taken + pool.rest() == portions
    pool.stop()


def test_the_list_can_be_left() -> None:
    closed = []

    def endless() -> Generator[Listed, None, None]:
        try:
            while True:
                yield Listed(b"0" * 40 + b"\n", 1, 1)
        finally:
            closed.append(True)

    for begin in (False, True):
        pool = Pool(endless(), 1)
        next(pool.first(1))
        if begin:
            pool.start()
        pool.stop()
    assert closed == [True, True]
