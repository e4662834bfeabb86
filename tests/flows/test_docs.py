"""Every example of the API's guide, run in its order against the running system, answers what the guide says."""

import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from .scene import Scene

GUIDE = Path(__file__).parents[2] / "docs" / "api" / "README.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
END = "---- end of the example ----"


def test_every_example_of_the_guide_answers_what_it_says(scene: Scene) -> None:
    blocks = _BLOCK.findall(GUIDE.read_text("utf-8"))
    examples = [
        (text, said)
        for (kind, text), (next_kind, said) in pairwise([*blocks, ("sh", "")])
        if kind == "sh"
        for said in [said if next_kind != "sh" else ""]
    ]
    script = "set -euo pipefail\n" + "".join(f"{text}\necho; echo '{END}'\n" for text, _ in examples)

    done = subprocess.run(
        ["bash", "-c", script],
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "LC_ALL": "C.UTF-8",
            "NO_PROXY": "*",
            "DOOR": scene.doorstep.url,
            "ISSUER": scene.doorstep.issuer,
            "OPERATOR": f"odile-{scene.tag}",
            "WORKER": f"camille-{scene.tag}",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    answers = [each.strip() for each in done.stdout.split(END)[:-1]]
    assert len(answers) == len(examples) > 8, done.stderr
    for (text, said), answer in zip(examples, answers, strict=True):
        assert re.fullmatch(_pattern(said), answer), f"{text}\nsaid\n{said}\nanswered\n{answer}\n{done.stderr}"
    assert done.returncode == 0, done.stderr


def _pattern(said: str) -> str:
    """`…` stands for whatever is there on the line."""
    return "[^\n]*".join(map(re.escape, said.strip().split("…")))
