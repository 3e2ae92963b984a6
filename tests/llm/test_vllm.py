import json
from pathlib import Path
from typing import Any

import pytest

from agentless.errors import ConfigError, ModelServerError
from agentless.gpus import find_gpu
from agentless.llm.checkpoint import Checkpoint
from agentless.llm.vllm import (
    CacheType,
    ServeOptions,
    check_served,
    context_of,
    fit,
    kib_per_token,
    overrides,
    serve_command,
    vllm_program,
)
from agentless.profiles import ModelProfile, find_profile

BIG = find_profile("nemotron-cascade-14b-thinking")
SMALL = find_profile("nemotron-cascade-8b")
CONFIG_14B = {
    "num_hidden_layers": 40, "num_key_value_heads": 8, "head_dim": 128, "rope_theta": 1000000,
    "max_position_embeddings": 40960,
}  # fmt: skip
CONFIG_8B = {**CONFIG_14B, "num_hidden_layers": 36}


def command(profile: ModelProfile, config: dict[str, Any], **options: Any) -> list[str]:
    checkpoint = Checkpoint(place=profile.repository, config=config, revision="abc")
    return serve_command(profile, checkpoint, checkpoint.place, ServeOptions(**options), ("vllm",))


def test_golden_command_of_the_14b_on_80_gb() -> None:
    changed = (
        '{"max_position_embeddings":98304,"rope_parameters":{"rope_type":"yarn","factor":3.0,'
        '"original_max_position_embeddings":32768,"rope_theta":1000000}}'
    )
    assert command(BIG, CONFIG_14B, gpu_memory_gib=80.0) == [
        "vllm", "serve", "nvidia/Nemotron-Cascade-14B-Thinking", "--revision", "abc",
        "--served-model-name", "nemotron-cascade-14b-thinking", "--dtype", "bfloat16", "--max-model-len", "98304",
        "--hf-overrides", changed, "--gpu-memory-utilization", "0.92", "--max-num-seqs", "48",
        "--max-num-batched-tokens", "8192", "--enable-prefix-caching", "--generation-config", "vllm",
        "--seed", "0", "--host", "127.0.0.1", "--port", "8000",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("profile", "config", "gpu", "sequences"),
    [(BIG, CONFIG_14B, "h100", 48), (BIG, CONFIG_14B, "h200", 128), (SMALL, CONFIG_8B, "h100", 80),
     (SMALL, CONFIG_8B, "h200", 160)],
)  # fmt: skip
def test_sequences_come_from_the_memory(
    profile: ModelProfile, config: dict[str, Any], gpu: str, sequences: int
) -> None:
    fitted = fit(profile, config, ServeOptions(gpu_memory_gib=find_gpu(gpu).memory_gib))
    assert fitted is not None
    assert fitted.max_num_seqs == sequences


def test_full_sequences_agree_with_the_published_arithmetic() -> None:
    at_90k = 90 * 1024 / context_of(BIG, CONFIG_14B)
    cases: list[tuple[float, CacheType, float]] = [
        (80.0, "auto", 3.1), (80.0, "fp8", 6.2), (141.0, "auto", 7.1), (141.0, "fp8", 14.3),
    ]  # fmt: skip
    for gib, cache, full in cases:
        fitted = fit(BIG, CONFIG_14B, ServeOptions(gpu_memory_gib=gib, kv_cache_dtype=cache))
        assert fitted is not None
        assert fitted.full_sequences / at_90k == pytest.approx(full, abs=0.25)


def test_keys_and_values_of_one_token() -> None:
    assert kib_per_token(CONFIG_14B, "auto") == 160
    assert kib_per_token(CONFIG_8B, "auto") == 144
    assert kib_per_token(CONFIG_8B, "fp8") == 72
    derived = {"num_hidden_layers": 36, "num_key_value_heads": 8, "hidden_size": 4096, "num_attention_heads": 32}
    assert kib_per_token(derived, "auto") == 144
    assert kib_per_token({"mamba": True}, "auto") == 0


def test_rope_theta_is_read_from_either_place_and_never_assumed() -> None:
    new_form = {"rope_parameters": {"rope_theta": 5e6, "rope_type": "default"}}
    assert overrides(BIG, new_form)["rope_parameters"]["rope_theta"] == 5e6
    assert overrides(BIG, {"rope_theta": 7})["rope_parameters"]["rope_theta"] == 7
    with pytest.raises(ConfigError, match="names no rope_theta"):
        overrides(BIG, {})


def test_everyday_use_of_the_14b_has_factor_2() -> None:
    assert overrides(BIG, CONFIG_14B, everyday=True)["rope_parameters"]["factor"] == 2.0
    line = command(BIG, CONFIG_14B, everyday=True)
    assert line[line.index("--max-model-len") + 1] == "65536"
    changed = json.loads(line[line.index("--hf-overrides") + 1])
    assert changed["max_position_embeddings"] == 65536


def test_a_profile_without_yarn_is_served_as_it_is() -> None:
    plain = find_profile("nemotron-nano-9b-v2")
    assert "--hf-overrides" not in command(plain, {"max_position_embeddings": 131072})
    with pytest.raises(ConfigError, match=r"context_tokens 65536, but the checkpoint has 4096 positions"):
        command(plain, {"max_position_embeddings": 4096})


def test_too_small_a_gpu_is_refused_with_the_numbers() -> None:
    said = r"24 GiB x 0.92 - weights 27.5 - 3 = -8.4 GiB for 98304 tokens of 160 KiB \(15.0 GiB\)"
    with pytest.raises(ConfigError, match=said):
        command(BIG, CONFIG_14B, gpu_memory_gib=24.0)


def test_options_reach_the_command_and_the_users_arguments_come_last() -> None:
    line = command(
        SMALL, CONFIG_8B, gpus=4, port=9000, kv_cache_dtype="fp8", max_num_seqs=7, extra=("--max-num-seqs", "9")
    )
    assert line[line.index("--data-parallel-size") + 1] == "4"
    assert line[line.index("--kv-cache-dtype") + 1] == "fp8"
    assert line[line.index("--port") + 1] == "9000"
    assert line[line.index("--max-num-seqs") + 1] == "7"
    assert line[-2:] == ["--max-num-seqs", "9"]


def test_no_sequences_are_guessed_for_an_unknown_gpu() -> None:
    assert "--max-num-seqs" not in command(BIG, CONFIG_14B)


def test_vllm_that_is_not_there_names_every_way_on() -> None:
    with pytest.raises(ConfigError, match=r"no-such-vllm: no such program.*\[serve\].*--base-url.*embedded"):
        vllm_program("no-such-vllm")


def test_vllm_is_found_beside_the_interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make swe-verified` runs the environment's Python without activating the environment."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(ConfigError, match="vllm is not installed"):
        vllm_program()
    (tmp_path / "vllm").write_text("#!/bin/sh\n")
    (tmp_path / "vllm").chmod(0o755)
    assert vllm_program() == (str(tmp_path / "vllm"),)
    with pytest.raises(ConfigError, match="other: no such program"):
        vllm_program("other")


def test_what_is_served_is_compared_with_what_was_asked() -> None:
    check_served("m", 98304, {"m": 98304})
    with pytest.raises(ModelServerError, match="served with 32768 tokens instead of 98304"):
        check_served("m", 98304, {"m": 32768})
    with pytest.raises(ModelServerError, match="the server lists other, not m"):
        check_served("m", 98304, {"other": 98304})
