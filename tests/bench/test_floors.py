from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repoops.bench import floors
from repoops.kernel import work
from repoops.report.speed import Floor, Work

CARDS_BY_NAME = {card.name: card for card in floors.CARDS}
KERNELS_MD = {
    # Work, then L4 and H100 SXM in microseconds, as the suite's policy has them.
    "attention B1 H8 S512 D64": (
        work.attention(batch=1, heads=8, kv_heads=8, seq_q=512, seq_k=512, dim=64, width=2), 7.0, 0.6),
    "attention B4 H16 S2048 D64": (
        work.attention(batch=4, heads=16, kv_heads=16, seq_q=2048, seq_k=2048, dim=64, width=2), 568, 69),
    "causal GQA B2 H32/8 S4096 D128": (
        work.attention(batch=2, heads=32, kv_heads=8, seq_q=4096, seq_k=4096, dim=128, width=2, causal=True), 2272, 278),
    "RMSNorm or softmax 4096², 16 bit": (work.streaming(4096 * 4096, 5, 2), 224, 20),
    "GEMM 4096³ fp16": (work.matmul(4096, 4096, 4096, 2), 1136, 139),
}  # fmt: skip


def on(card: str, todo: Work) -> Floor:
    """A card's floor for work that it has the unit for."""
    found = floors.floor(todo, CARDS_BY_NAME[card])
    assert found is not None
    return found


@pytest.mark.parametrize("name", KERNELS_MD)
def test_the_table_of_the_policy_comes_out(name: str) -> None:
    todo, on_l4, on_h100 = KERNELS_MD[name]
    for card, wanted in (("L4", on_l4), ("H100 SXM", on_h100)):
        found = on(card, todo).us
        assert round(found, 1 if wanted < 10 else 0) == wanted


def test_the_headline_is_bound_by_memory_and_its_arithmetic_takes_4_4_us() -> None:
    found = on("L4", KERNELS_MD["attention B1 H8 S512 D64"][0])
    assert (found.bound, round(found.compute_us, 1)) == ("memory", 4.4)
    assert on("L4", KERNELS_MD["GEMM 4096³ fp16"][0]).bound == "compute"


@given(st.integers(1, 40), st.integers(1, 40))
def test_causal_attention_counts_the_pairs_that_a_mask_shows(seq_q: int, seq_k: int) -> None:
    pairs = sum(key <= query + seq_k - seq_q for query in range(seq_q) for key in range(seq_k))
    found = work.attention(
        batch=1, heads=1, kv_heads=1, seq_q=seq_q, seq_k=seq_k, dim=8, width=2, causal=True
    )
    assert found.flops == 4 * 8 * pairs


@given(st.integers(0, 10**15), st.integers(1, 10**12), st.sampled_from(floors.CARDS))
def test_twice_the_work_takes_twice_the_floor(flops: int, bytes_: int, card: floors.Card) -> None:
    one, two = (on(card.name, Work(n * flops, n * bytes_)) for n in (1, 2))
    assert two.us == pytest.approx(2 * one.us)
    assert one.us >= one.compute_us
    assert one.us >= one.memory_us


def test_a_card_is_found_by_the_name_that_the_driver_gives_and_by_no_other() -> None:
    assert floors.card_called("NVIDIA L4") is CARDS_BY_NAME["L4"]
    assert floors.card_called("NVIDIA L40S") is CARDS_BY_NAME["L40S"]
    assert floors.card_called("NVIDIA L4 Turbo") is None


def test_floors_are_those_of_the_cards_of_an_architecture() -> None:
    assert [f.card for f in floors.floors(Work(1, 1), "sm_90a")] == ["H100 SXM", "H200 SXM"]
    assert floors.floors(Work(1, 1), "sm_120") == ()


def test_a_card_without_fp8_has_no_floor_for_it_and_one_with_it_half_that_of_16_bits() -> None:
    assert floors.floors(work.matmul(4096, 4096, 4096, 1), "sm_80") == ()
    for card in floors.CARDS:
        wide, narrow = (floors.floor(work.matmul(4096, 4096, 4096, width), card) for width in (2, 1))
        assert wide is not None
        if narrow is None:
            assert card.arch < "sm_89"
        else:
            assert narrow.compute_us == pytest.approx(wide.compute_us / 2, rel=0.02)


def test_work_without_a_unit_that_is_known_is_refused() -> None:
    with pytest.raises(ValueError, match="the unit is 'fp4'"):
        Work(1, 1, "fp4")
