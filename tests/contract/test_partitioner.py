"""Our partitioners choose as the producers do, and a producer that differs is noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2 as oracle

from schemas.partitioner import Mismatch, Partitioner, murmur2, partition_of, sample_mismatch

KEYS = [f"item-{n}".encode() for n in range(400)]


@given(st.binary(max_size=40))
def test_murmur2_is_the_one_of_kafka_python(key: bytes) -> None:
    assert murmur2(key) == oracle(key) & 0xFFFFFFFF


@pytest.mark.parametrize(
    ("key", "signed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_murmur2_gives_the_numbers_of_kafkas_own_test(key: bytes, signed: int) -> None:
    assert murmur2(key) == signed & 0xFFFFFFFF


@pytest.mark.parametrize(("key", "crc"), [(b"123456789", 0xCBF43926), (b"a", 0xE8B7BE43)])
def test_crc32_is_the_usual_one(key: bytes, crc: int) -> None:
    for partitions in (1, 2, 3, 4, 7, 1000):
        assert partition_of(key, partitions, Partitioner.CRC32) == crc % partitions


@given(st.binary(), st.integers(1, 5000), st.sampled_from(Partitioner))
def test_a_partition_is_one_that_exists(
    key: bytes, partitions: int, partitioner: Partitioner
) -> None:
    assert 0 <= partition_of(key, partitions, partitioner) < partitions


def batch(partition: int, partitioner: Partitioner, partitions: int = 4) -> list[bytes | None]:
    return [key for key in KEYS if partition_of(key, partitions, partitioner) == partition]


@pytest.mark.parametrize("partitioner", Partitioner)
def test_a_batch_that_lies_right_is_no_mismatch(partitioner: Partitioner) -> None:
    for partition in range(4):
        keys = batch(partition, partitioner)
        assert sample_mismatch(keys, partition, 4, partitioner) is None


def test_a_producer_with_the_other_partitioner_is_named() -> None:
    found = sample_mismatch(batch(2, Partitioner.CRC32), 2, 4, sample_max=20)
    assert found is not None
    assert (found.partition, found.checked, found.fits) == (2, 20, Partitioner.CRC32)
    assert 0 < found.misplaced <= 20


def test_a_producer_that_counts_other_partitions_fits_neither() -> None:
    keys = batch(2, Partitioner.MURMUR2, partitions=3)
    found = sample_mismatch(keys, 2, 4, sample_max=20)
    assert found is not None
    assert found.fits is None


def test_keys_that_are_null_and_empty_batches_say_nothing() -> None:
    assert sample_mismatch([], 0, 4) is None
    assert sample_mismatch([None, None], 0, 4) is None


def test_the_sample_is_spread_over_the_batch() -> None:
    right, wrong = batch(1, Partitioner.MURMUR2), batch(0, Partitioner.MURMUR2)
    keys = right[:50] + wrong[:50]
    assert sample_mismatch(keys, 1, 4, sample_max=4) == Mismatch(1, 4, 2, None)
