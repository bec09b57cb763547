"""The API under generated requests: ``python -m benchmarks.fuzz_api``.

Starts a platform on fresh state, with a completed experiment, and has schemathesis send it valid and
invalid requests to every operation for eight minutes, with all of its checks. It fails on an answer that
says that the server failed, and on one that the OpenAPI document does not describe. What else the checks
find is printed: most of it are rules that JSON Schema cannot express, such as names that must exist.

schemathesis is no dependency of the platform: uv runs it in an environment of its own.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.lab import Lab, open_lab

SCHEMATHESIS = "schemathesis==4.32.5"
MUST_HOLD = {
    "not_a_server_error",
    "status_code_conformance",
    "unsupported_method",
    "allow_header_conformance",
}


def fuzz(lab: Lab, program: list[str], seconds: int, seed: int, report: Path) -> None:
    """Send generated requests, and write what each check found as NDJSON."""
    command = [
        *program,
        "run",
        f"{lab.platform.url}/openapi.json",
        "--checks",
        "all",
        "--continue-on-failure",
    ]
    command += ["--max-time", str(seconds), "--seed", str(seed), "--request-timeout", "120"]
    command += ["--report", "ndjson", "--report-ndjson-path", str(report), "--no-color"]
    done = subprocess.run(command, cwd=report.parent, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"schemathesis ended with exit code {done.returncode}")


def read(report: Path) -> tuple[int, Counter[str], Counter[str]]:
    """Return the number of requests, and how often each check failed and each status was answered."""
    requests, failed, statuses = 0, Counter[str](), Counter[str]()
    for line in report.read_text().splitlines():
        for recorder in _recorders(json.loads(line)):
            for interaction in recorder.get("interactions", {}).values():
                requests += 1
                response = interaction.get("response")
                statuses[str(response["status_code"]) if response else "none"] += 1
            for checks in recorder.get("checks", {}).values():
                failed.update(check["name"] for check in checks if check["status"] == "failure")
    return requests, failed, statuses


def _recorders(event: Any) -> list[dict[str, Any]]:
    if not isinstance(event, dict):
        return []
    return [event["recorder"]] if "recorder" in event else [r for v in event.values() for r in _recorders(v)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=480)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--program", default=f"uv tool run --from {SCHEMATHESIS} st", help="schemathesis")
    args = parser.parse_args()
    with open_lab() as lab, tempfile.TemporaryDirectory() as folder:
        lab.add_dataset("questions", 5)
        experiment = lab.create("questions")
        lab.start(experiment)
        lab.wait(experiment)
        report = Path(folder) / "report.ndjson"
        fuzz(lab, args.program.split(), args.seconds, args.seed, report)
        requests, failed, statuses = read(report)
    print(f"{requests} requests; answers: {dict(sorted(statuses.items()))}; failed checks: {dict(failed)}")
    server_errors = [status for status in statuses if re.match("5..", status) and status != "503"]
    if server_errors or MUST_HOLD & failed.keys():
        sys.exit(f"must not be: {server_errors} {sorted(MUST_HOLD & failed.keys())}")


if __name__ == "__main__":
    main()
