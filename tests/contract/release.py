"""Take the contracts of today's code into contracts/released/, unless they break who relies on what is there.

    python -m tests.contract.release

The comparison comes before the copy: what was copied by hand could no longer be compared with anything.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.contract.compatibility import Json, broken_api, broken_schema, broken_topics

CONTRACTS = Path(__file__).parents[2] / "contracts"
RELEASED = CONTRACTS / "released"


def main() -> int:
    broken = list(what_breaks())
    if broken:
        print("\n".join(["not released; a reader of the released contracts would miss:", *broken]), file=sys.stderr)
        return 1
    for folder in ("openapi", "schemas"):
        for path in sorted((CONTRACTS / folder).glob("*.json")):
            shutil.copyfile(path, RELEASED / folder / path.name)
    shutil.copyfile(CONTRACTS / "asyncapi.yaml", RELEASED / "asyncapi.yaml")
    return 0


def what_breaks() -> Iterator[str]:
    for folder, differences in (("openapi", broken_api), ("schemas", broken_schema)):
        for path in sorted((RELEASED / folder).glob("*.json")):
            today = CONTRACTS / folder / path.name
            if not today.is_file():
                yield f"{folder}/{path.name}: removed"
                continue
            yield from (f"{folder}/{path.name}: {each}" for each in differences(_json(path), _json(today)))
    before, today = (yaml.safe_load((folder / "asyncapi.yaml").read_text("utf-8")) for folder in (RELEASED, CONTRACTS))
    yield from (f"asyncapi.yaml: {each}" for each in broken_topics(before, today))


def _json(path: Path) -> Json:
    found: Json = json.loads(path.read_text("utf-8"))
    return found


if __name__ == "__main__":
    sys.exit(main())
