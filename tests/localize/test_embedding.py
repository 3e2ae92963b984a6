"""The feature `embedding`: what is embedded, kept, and made of it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from agentless.errors import ModelServerError
from agentless.localize.embedding import (
    HEAD_CHARS,
    NAMES_CHARS,
    embedding_feature,
    head_text,
    packed,
    unpacked,
    vector_key,
)
from agentless.records import RankedFile
from agentless.repo import BlobCache, Index, RepoSnapshot
from tests.llm.openai_server import word_vector
from tests.localize.conftest import FILES, commit

CART, MONEY, STOCK = "src/shop/cart.py", "src/shop/money.py", "src/shop/stock.py"
RANKED = [RankedFile(path=path, score=1.0) for path in (STOCK, CART, MONEY)]


class Words:
    """An Embedder that counts a few words, and remembers what it was asked."""

    def __init__(self, name: str = "words", fails_after: int = 10**9) -> None:
        self.name = name
        self.texts: list[str] = []
        self.fails_after = fails_after

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        self.texts += texts
        if len(self.texts) > self.fails_after:
            raise ModelServerError("the server is gone")
        return [word_vector(text) for text in texts]


@pytest.fixture
def cached(tmp_path: Path) -> Iterator[Index]:
    shop = commit(tmp_path / "shop", FILES)
    with BlobCache.open(tmp_path / "cache") as cache, RepoSnapshot.open(shop, "HEAD") as snapshot:
        yield Index.build(snapshot, cache)


async def test_the_nearest_file_has_one_and_the_farthest_none(index: Index) -> None:
    near = await embedding_feature(index, "money money money is rounded", RANKED, Words())
    assert near[MONEY] == 1.0
    assert min(near.values()) == 0.0 and set(near) == {CART, MONEY, STOCK}
    assert all(0.0 <= value <= 1.0 for value in near.values())


async def test_no_files_and_equal_files(index: Index) -> None:
    embedder = Words()
    assert await embedding_feature(index, "cart", [], embedder) == {}
    assert embedder.texts == []
    assert await embedding_feature(index, "cart", RANKED[:1], embedder) == {STOCK: 0.0}


async def test_each_blob_is_embedded_once_by_each_model(cached: Index) -> None:
    first, again, other = Words(), Words(), Words("other")
    one = await embedding_feature(cached, "cart", RANKED, first)
    two = await embedding_feature(cached, "cart", RANKED, again)
    three = await embedding_feature(cached, "cart", RANKED, other)
    assert one == two == three
    assert (len(first.texts), again.texts, len(other.texts)) == (4, ["cart"], 4)


async def test_a_cache_changes_nothing(index: Index, cached: Index) -> None:
    assert await embedding_feature(index, "stock", RANKED, Words()) == await embedding_feature(
        cached, "stock", RANKED, Words()
    )


async def test_a_server_that_is_gone_is_an_error_and_never_another_ranking(index: Index) -> None:
    for before in (0, 1):
        with pytest.raises(ModelServerError):
            await embedding_feature(index, "cart", RANKED, Words(fails_after=before))


async def test_vectors_of_another_size_are_made_again(cached: Index) -> None:
    class Wider(Words):
        async def embed(self, texts: Sequence[str]) -> list[list[float]]:
            return [[*vector, 1.0] for vector in await super().embed(texts)]

    await embedding_feature(cached, "cart", RANKED, Words())
    wider = Wider()
    await embedding_feature(cached, "cart", RANKED, wider)
    assert len(wider.texts) == 4


def test_what_is_embedded_is_the_head_of_the_file(index: Index) -> None:
    text = head_text(CART, index.text(CART), index.symbols(CART))
    assert text.startswith(f"{CART}\nclass Cart What a customer wants to buy.\nmethod Cart.__init__\n")
    assert "method Cart.add_item Put an item into the cart." in text
    assert '"""Carts hold items."""' in text and "LIMIT" in text.partition('"""')[2]


def test_a_long_file_is_cut_and_its_first_lines_stay(index: Index) -> None:
    many = [symbol for symbol in index.symbols(CART) for _ in range(100)]
    long = head_text(CART, "first line\n" + "x" * 100_000, many)
    assert len(long) == HEAD_CHARS and NAMES_CHARS < long.index("first line") < HEAD_CHARS


def test_vectors_are_kept_in_half_precision_and_of_length_one() -> None:
    data = packed([3.0, 4.0])
    assert len(data) == 4
    assert unpacked(data).tolist() == pytest.approx([0.6, 0.8], abs=1e-3)
    assert packed([3e5, 4e5]) == data


def test_a_key_names_model_path_and_content() -> None:
    keys = {vector_key(*parts) for parts in (("m", "a", "1"), ("n", "a", "1"), ("m", "b", "1"), ("m", "a", "2"))}
    assert len(keys) == 4
