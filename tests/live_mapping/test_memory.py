"""What a mapping remembers, when there is more than it may."""

from streams.sources.memory import HeldMemory, Remembered


def remembered(total_ms: int) -> Remembered:
    return Remembered().told(1, {}, total_ms)[0]


def test_of_too_many_things_the_one_longest_not_told_is_forgotten() -> None:
    memory = HeldMemory(things_max=2)
    for name in ("a", "b", "a", "c"):
        memory.put(name, remembered(1000))
    assert list(memory.kept) == ["a", "c"]
    assert memory.changed == {"a", "b", "c"}
    # Whoever recalls it forgets the same next.
    assert memory.in_order() == ["b", "a", "c"]
    assert memory.encoded("b") is None
    # Its next total is at first sight: nobody knows what is new of it.
    assert memory.get("b").told(2, {}, 5000)[1].delta_ms is None


def test_what_was_stored_is_recalled_in_its_order_without_what_was_forgotten() -> None:
    memory = HeldMemory(things_max=2)
    memory.put("a", remembered(1000))
    stored = memory.encoded("a")
    again = HeldMemory(things_max=2)
    for name, value in (("a", stored), ("b", stored), ("a", stored), ("b", None), ("c", stored)):
        again.recall(name, value)
    assert list(again.kept) == ["a", "c"]
    assert again.get("a") == remembered(1000)
    assert not again.changed


def test_a_memory_without_a_limit_forgets_nothing() -> None:
    memory = HeldMemory()
    for number in range(1000):
        memory.put(str(number), remembered(number))
    assert len(memory.kept) == 1000
