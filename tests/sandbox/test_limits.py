import subprocess

from agentless.sandbox import SandboxLimits


def test_bash_understands_the_limits() -> None:
    limits = SandboxLimits(memory_mb=100, max_processes=9, cpu_s=3, file_mb=2)
    line = f"{limits.ulimits(limits.max_processes)} && ulimit -c -v -f -t -u"
    printed = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True).stdout
    numbers = [row.split(")")[1].strip() for row in printed.splitlines()]
    assert numbers == ["0", str(100 * 1024), str(2 * 1024), "3", "9"]


def test_processes_are_not_counted_for_a_user_who_has_others() -> None:
    assert "-u" not in SandboxLimits().ulimits()
