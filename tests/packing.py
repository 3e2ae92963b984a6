"""Packed facts without a reader: words and counts as a test writes them."""

from collections.abc import Mapping

import numpy as np

from agentless.repo.facts import FileFacts, Head, pack_facts
from agentless.repo.lexicon import Counted
from agentless.repo.vocabulary import Vocabulary


def knowing(*found: FileFacts) -> Vocabulary:
    """A vocabulary with the words of these facts."""
    vocabulary = Vocabulary()
    for each in found:
        vocabulary.learn(each.words)
    return vocabulary


def pack(facts: FileFacts, vocabulary: Vocabulary) -> bytes:
    """The facts as the cache has them; every word of the documentation is one of the text."""
    assert facts.doc_words.keys() <= facts.words.keys()
    return pack_facts(
        Head(facts.size, facts.defined.encode(), facts.imports.encode(), facts.imported.encode()),
        counted(facts.words, facts.doc_words, vocabulary),
        vocabulary,
    )


def counted(words: Mapping[str, int], docs: Mapping[str, int], vocabulary: Vocabulary) -> Counted:
    """Columns by rising number."""
    numbers = sorted(vocabulary.numbers[word] for word in words)
    names = [vocabulary.words[number] for number in numbers]
    counts, in_docs = [words[name] for name in names], [docs.get(name, 0) for name in names]
    return Counted(*(np.array(column, dtype=np.int64) for column in (numbers, counts, in_docs)))
