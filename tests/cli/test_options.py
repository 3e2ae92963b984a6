import argparse
from pathlib import Path

import pytest

from agentless.cli.options import add_model_options, add_sandbox_options, config_from
from agentless.config import RunConfig
from agentless.errors import ConfigError


def parse(*arguments: str) -> RunConfig:
    parser = argparse.ArgumentParser()
    add_model_options(parser)
    add_sandbox_options(parser)
    return config_from(parser.parse_args(arguments))


def test_without_options_the_embedded_model_is_used() -> None:
    config = parse()
    assert (config.preset, config.model.profile, config.model.base_urls) == ("embedded", "embedded", ())


def test_a_server_gets_the_nemotron_protocol() -> None:
    config = parse("--base-url", "http://127.0.0.1:8000/v1/", "--model-name", "m", "--api-key-env", "KEY")
    assert config.preset == "nemotron-cascade"
    assert config.model.base_urls == ("http://127.0.0.1:8000/v1",)
    assert (config.model.profile, config.model.name, config.model.api_key_env) == ("", "m", "KEY")


def test_a_preset_wins_over_the_default_of_the_model() -> None:
    assert parse("--preset", "agentless-1.5").preset == "agentless-1.5"


def test_layers_go_from_file_to_options_to_set(tmp_path: Path) -> None:
    layer = tmp_path / "layer.yaml"
    layer.write_text("repair: {samples: 3, window_lines: 7}\nvalidation: {python: /a}\n")
    config = parse("--config", str(layer), "--samples", "5", "--python", "/b", "--set", "repair.samples=9")
    assert (config.repair.samples, config.repair.window_lines, config.validation.python) == (9, 7, "/b")


def test_test_options_reach_validation() -> None:
    config = parse("--test-cmd", "make check", "--sandbox", "none").validation
    assert (config.test_cmd, config.sandbox) == ("make check", "none")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--preset", "fastest"], "no preset 'fastest'; there are: "),
        (["--set", "repair.sampels=3"], "unknown key 'repair.sampels'; there are: "),
        (["--set", "repair.samples=many"], "repair.samples"),
        (["--set", "samples"], "is not section.key=value"),
        (["--samples", "0"], "repair.samples"),
        (["--config", "missing.yaml"], "No such file"),
    ],
)
def test_bad_options_name_the_fix(arguments: list[str], named: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(*arguments)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["- a\n- b\n", "just words", "a: [", ""])
def test_a_layer_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    layer = tmp_path / "layer.yaml"
    layer.write_text(text)
    with pytest.raises(ConfigError, match="--config"):
        parse("--config", str(layer))


def test_every_embedded_profile_gets_its_preset() -> None:
    assert parse("--model", "qwen2.5-coder-0.5b").preset == "embedded"
    assert parse("--model", "qwen2.5-coder-1.5b").model.profile == "qwen2.5-coder-1.5b"


def test_a_files_model_is_used_where_the_command_line_names_none(tmp_path: Path) -> None:
    layer = tmp_path / "layer.yaml"
    layer.write_text("model: {base_urls: ['http://127.0.0.1:1/v1'], name: big}\n")
    config = parse("--config", str(layer))
    assert (config.preset, config.model.profile, config.model.base_urls) == (
        "nemotron-cascade",
        "",
        ("http://127.0.0.1:1/v1",),
    )
    layer.write_text("model: {profile: qwen2.5-coder-0.5b}\n")
    assert parse("--config", str(layer)).preset == "embedded"
    assert parse("--config", str(layer), "--model", "embedded").model.profile == "embedded"


def test_a_files_preset_would_change_the_name_alone(tmp_path: Path) -> None:
    layer = tmp_path / "layer.yaml"
    layer.write_text("preset: agentless-1.5\n")
    with pytest.raises(ConfigError, match="use --preset"):
        parse("--config", str(layer))


@pytest.mark.parametrize("url", ["http://[::1", "localhost:8000", "ftp://host/v1", "http://", "http://a:99999/v1"])
def test_an_address_that_is_none_names_the_form(url: str) -> None:
    with pytest.raises(ConfigError, match="it looks like http"):
        parse("--base-url", url)
