"""Test runners for trees without an image: bubblewrap (isolated), or the host when a person asks for it.

- `choose_runner`: the runner a configuration asks for, or why there is none
- `probe`: why bubblewrap does not work here, for `agentless doctor`
- `BwrapRunner`, `HostRunner`: both implement `ports.TestRunner`
- `SandboxLimits`: memory, processes, CPU, disk
- `read_results`: test output -> verdicts
"""

from agentless.sandbox.bwrap import BwrapRunner
from agentless.sandbox.choose import Choice, choose_runner, probe
from agentless.sandbox.host import HostRunner
from agentless.sandbox.limits import SandboxLimits
from agentless.sandbox.results import read_results

__all__ = ["BwrapRunner", "Choice", "HostRunner", "SandboxLimits", "choose_runner", "probe", "read_results"]
