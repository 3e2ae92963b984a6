"""The run folder: what a run made, saved whole or not at all, and resumed by key.

- `keys`: the digest of anything a step depends on, and of records
- `manifest`: what a run is, and what may change when it is resumed
- `instance`: the numbered artifacts of one instance
- `ledger`: what validation has paid for, kept as it is made
- `run`: the folder with its lock, its instances and preds.jsonl
"""

from agentless.store.instance import STEPS, Failure, InstanceStore
from agentless.store.keys import canonical, digest_of, key_of
from agentless.store.ledger import FileLedger
from agentless.store.manifest import Manifest, lasting, make_manifest
from agentless.store.predictions import prediction_line
from agentless.store.run import RunStore, check_openable

__all__ = [
    "STEPS",
    "Failure",
    "FileLedger",
    "InstanceStore",
    "Manifest",
    "RunStore",
    "canonical",
    "check_openable",
    "digest_of",
    "key_of",
    "lasting",
    "make_manifest",
    "prediction_line",
]
