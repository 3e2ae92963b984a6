"""The whole method by hand: a repository, an issue, a served model, one patch. Nothing is executed here.

python examples/one_issue.py PATH_OF_REPOSITORY issue.md http://127.0.0.1:8000/v1
"""

import asyncio
import sys
from pathlib import Path

from agentless.config import load_config
from agentless.dataset import own_instance
from agentless.llm.client import OpenAIModel
from agentless.localize import localize
from agentless.records import Candidates
from agentless.repair import make_samples
from agentless.repo import Index, RepoSnapshot
from agentless.select import group, rank
from agentless.validate import validate


async def main(repository: str, text: str, base_url: str) -> None:
    """Localize, repair, validate, select."""
    config = load_config("nemotron-cascade", [{"model": {"base_urls": [base_url]}}], ["repair.samples=4"])
    instance = own_instance(repository, text)
    model = await OpenAIModel.connect(config.model, config.limits, config.seed)
    with RepoSnapshot.open(repository) as snapshot:
        index = Index.build(snapshot)
        localization = await localize(instance, index, model, config.localize)
        samples = await make_samples(
            instance, index, localization, model, config.repair, attempts=range(config.repair.samples)
        )
        candidates = group(index, samples)
        validation = await validate(instance, index, candidates, model, None, config.validation)
        made = Candidates(instance_id=instance.instance_id, samples=tuple(samples), candidates=candidates)
        selection = rank(index, made, validation, config.select)
    await model.close()
    print(selection.patch or selection.reason)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]).read_text(encoding="utf-8"), sys.argv[3]))
