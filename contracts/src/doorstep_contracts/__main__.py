"""`python -m doorstep_contracts check | generate | release`."""

import argparse
import sys

from doorstep_contracts import schemas
from doorstep_contracts.check import Contracts, problems


def main(arguments: list[str] | None = None, contracts: Contracts | None = None) -> int:
    """Runs one command and returns its exit code: 0, or 1 when something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m doorstep_contracts", description="The public contracts.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="say what is wrong with topics, models, schemas and examples, and what to do")
    commands.add_parser("generate", help="write the schemas and examples that the models make")
    commands.add_parser("release", help="make the checked schemas and examples those that later ones must not break")
    command = parser.parse_args(arguments).command
    contracts = contracts or Contracts.ours()
    if command == "generate":
        schemas.write(contracts.root, schemas.generate(contracts.classes, contracts.samples))
        return _say(f"wrote the schemas and examples of {len(contracts.classes)} event types")
    if found := problems(contracts):
        return _say(*found, f"{len(found)} problems with the contracts", code=1)
    if command == "release":
        schemas.write(contracts.root / schemas.RELEASED, schemas.read(contracts.root))
        return _say(f"released {len(contracts.classes)} event types; commit released/")
    return _say(f"{len(contracts.classes)} event types in {len(contracts.topics)} topics: all in order")


def _say(*lines: str, code: int = 0) -> int:
    (sys.stderr if code else sys.stdout).write("\n".join(lines) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
