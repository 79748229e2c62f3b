"""Counts instructions per request, and compares them with those of the file in the repository.

With `INSTRUCTIONS=write` in the environment, writes the file anew instead.
"""

import json
import os
import re
import subprocess
import sys
import tomllib

FILE = "benches/instructions.toml"
RISE = 1.05
# Now and then what is done by the clock falls to so few requests that a count is 5 % too high: what has risen
# is counted so often, and the least counts.
TIMES = 3
# What ours is compared with, and may become dearer without a fault of ours.
REFERENCES = ("bare", "sqlx", "tokio_postgres")
HEAD = f"""\
# Instructions of one request, as callgrind counts them. `bash .ci/run instructions` fails when one rises
# by more than {RISE - 1:.0%}; `INSTRUCTIONS=write bash .ci/run instructions` writes this file anew.
"""


def main():
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True)
    rustc = rustc.stdout.strip()
    counted = count()
    if os.environ.get("INSTRUCTIONS") == "write":
        with open(FILE, "w", encoding="utf-8") as file:
            file.write(written(rustc, counted))
        return print_table(counted, {})
    with open(FILE, "rb") as file:
        expected = tomllib.load(file)
    before = {
        (table, name): number
        for table, names in expected.items()
        if isinstance(names, dict)
        for name, number in names.items()
    }
    for _ in range(1, TIMES):
        for key in [key for key in counted if has_risen(key, counted, before)]:
            counted[key] = min(counted[key], count(f"*::{'::'.join(key)}")[key])
    print_table(counted, before)
    failures = list(compare(counted, before))
    if failures and rustc != expected["rustc"]:
        failures.append(
            f"{FILE} was written with {expected['rustc']}, and this is {rustc}, which may be the cause: "
            "if the same benchmarks fail without your change, write the file anew in a commit of its own."
        )
    sys.exit("\n".join(failures) or None)


def count(*only):
    """The instructions of one request of each benchmark, or of the one that is named."""
    command = "cargo bench -p benches --bench instructions -- --parallel=2 --output-format=json".split()
    printed = subprocess.run([*command, *only], stdout=subprocess.PIPE, text=True, check=True).stdout
    return dict(map(per_request, filter(is_object, printed.splitlines())))


def is_object(line):
    return line.startswith("{")


def per_request(line):
    """The name of a benchmark, and its instructions for one request."""
    summary = json.loads(line)
    values = summary["profiles"][0]["data"]["total"]["metrics"]["Ir"]["values"]
    total = values["new"] if "new" in values else values["both"][0]
    # The last argument of a benchmark is how many requests it makes; those without one make one.
    requests = re.search(r"(\d+)\)+$", summary["description"])
    name = (summary["function_name"], summary["id"])
    return name, round(total / int(requests[1] if requests else 1))


def has_risen(key, counted, before):
    is_ours = not key[1].startswith(REFERENCES)
    return is_ours and key in before and counted[key] > before[key] * RISE


def compare(counted, before):
    """A sentence for each benchmark that may not be merged as it is."""
    for key in counted.keys() | before.keys():
        name = " ".join(key)
        if key not in before:
            yield f"{name} is not in {FILE}: INSTRUCTIONS=write bash .ci/run instructions"
        elif key not in counted:
            yield f"{name} is in {FILE}, but was not counted"
        elif has_risen(key, counted, before):
            rise = counted[key] / before[key] - 1
            yield (
                f"{name}: a request needs {counted[key]:,} instructions, {rise:.1%} more than the "
                f"{before[key]:,} of {FILE}. Mend it, or write the file anew and say why in the commit."
            )


def print_table(counted, before):
    print(f"{'benchmark':32} {'instructions':>13} {'file':>13} {'change':>8} {'ratio':>7}")
    for key, number in counted.items():
        old = before.get(key)
        change = f"{number / old - 1:+.1%}" if old else ""
        ratio, of = against(key, counted)
        ratio = f"{ratio:7.2f} × {of}" if of else ""
        old = f"{old:,}" if old else ""
        print(f"{' '.join(key):32} {number:13,} {old:>13} {change:>8} {ratio}")


def against(key, counted):
    """How many times as many a request needs as the one that it is compared with, and its name."""
    table, name = key
    if name.startswith("untraced"):
        others = [name.replace("untraced", "bare"), "sqlx"]
    elif name.startswith("traced"):
        others = [name.replace("traced", "untraced")]
    else:
        others = []
    for other in others:
        if (table, other) in counted:
            return counted[key] / counted[table, other], other
    return None, None


def written(rustc, counted):
    lines = [HEAD, f'rustc = "{rustc}"\n']
    table = None
    for (this, name), number in counted.items():
        if this != table:
            lines.append(f"\n[{this}]\n")
            table = this
        lines.append(f"{name} = {number:_}\n")
    return "".join(lines)


main()
