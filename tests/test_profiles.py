import re

import pytest

from agentless.config import preset_names
from agentless.errors import ConfigError
from agentless.profiles import PROFILES, ModelProfile, find_profile, profile_names


def test_names_and_aliases_are_unique() -> None:
    names = [name for profile in PROFILES for name in (profile.name, *profile.aliases)]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z0-9.-]+", name) for name in names)


def test_embedded_is_the_1_5b() -> None:
    assert find_profile("embedded") is find_profile("qwen2.5-coder-1.5b")
    assert find_profile("embedded").preset == "embedded"


def test_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(ConfigError, match=r"no model profile 'gpt-9'.*qwen2.5-coder-1.5b, qwen2.5-coder-0.5b"):
        find_profile("gpt-9")


@pytest.mark.parametrize("profile", PROFILES, ids=profile_names())
def test_table_is_consistent(profile: ModelProfile) -> None:
    assert profile.about
    assert profile.preset in preset_names()
    assert profile.context_tokens >= 4096
    weights = profile.weights
    assert (weights is not None) == (profile.server == "llamacpp")
    if weights is not None:
        assert re.fullmatch(r"[0-9a-f]{64}", weights.sha256)
        assert "/" not in weights.file
        packages = weights.packages
        assert packages is not None
        whole_chunks = packages.chunk_bytes * (packages.count - 1)
        assert 0 < weights.bytes - whole_chunks <= packages.chunk_bytes
