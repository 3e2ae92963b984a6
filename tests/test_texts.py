import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from agentless.texts import encodable, text_digest

ANY_TEXT = st.text(st.characters(codec=None))


def test_a_lone_surrogate_becomes_a_question_mark() -> None:
    assert encodable("a\ud800b\udfff") == "a?b?"
    assert encodable(json.loads('"\\ud83d\\ude00"')) == "\U0001f600"  # a pair is a character


@given(ANY_TEXT)
def test_every_text_can_be_written_and_what_can_be_written_stays(text: str) -> None:
    plain = encodable(text)
    assert plain.encode().decode() == plain == encodable(plain)
    assert len(plain) == len(text)


def test_the_digest_is_of_the_utf_8_bytes() -> None:
    assert text_digest("ü\r\n") == hashlib.sha256("ü\r\n".encode()).hexdigest()[:16]


@given(ANY_TEXT)
def test_every_text_has_the_digest_of_what_can_be_written(text: str) -> None:
    assert text_digest(text) == text_digest(encodable(text))
    assert len(text_digest(text)) == 16
