#!/usr/bin/env bash
# The worker on Lambda, without an AWS account: its adapters against three servers, its roles, and the whole pattern at
# twice what the vendor can do, with everything going wrong. `.ci/judge.py` decides.
#
#   testing/lambda/run.sh RAMPMETER BOOTSTRAP [short|long]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
rampmeter=$(realpath "$1") bootstrap=$(realpath "$2") length=${3:-short}
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${RAMPMETER_TEST_PYTHON:-python3}
if ! "$python" -c 'import boto3, moto.server, flask, antlr4, jsonpath_ng' 2>/dev/null; then
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check 'moto[server,stepfunctions]>=5.2,<6' boto3
    python=$work/venv/bin/python
fi
cd "$root"
echo "-- adapters"
"$python" "$here/adapters.py" --rampmeter "$rampmeter" -- cargo test --workspace --bin bootstrap --locked
echo "-- roles"
"$python" "$here/roles.py" --rampmeter "$rampmeter" --bootstrap "$bootstrap"
echo "-- tracing"
"$python" "$here/tracing.py" --rampmeter "$rampmeter" --bootstrap "$bootstrap"

# Runs the pattern with these arguments and writes the report under this name.
run() {
    "$python" "$here/end_to_end.py" --rampmeter "$rampmeter" --bootstrap "$bootstrap" --json "$work/$1.json" "${@:2}" \
        >"$work/$1.log" 2>&1 || { tail -40 "$work/$1.log"; exit 1; }
}
if [ "$length" = long ]; then
    executions=5000 kills=40 patience=3000
else
    executions=300 kills=4 patience=400
fi
echo "-- end to end at twice what the vendor can do"
run embedded --role embedded --executions "$executions" --patience "$patience"
run drain --executions "$executions" --patience "$patience"
python3 .ci/judge.py lambda "$work/drain.json" "$work/embedded.json"
# What follows waits for hidden messages most of the time, so it runs side by side.
run faults --executions "$((executions * 2 / 3))" --faults --kills "$kills" --duplicates 0.1 --overpull 1 --patience "$patience" &
faults=$!
run jobs --jobs --executions "$((executions / 3))" --kills "$((kills / 2))" --duplicates 0.2 --patience "$patience" &
jobs=$!
run slot --role slot --executions "$((executions / 2))" --patience "$patience" &
slot=$!
wait "$faults" && wait "$jobs" && wait "$slot"
echo "-- the same with duplicates, kills, failing callbacks, short visibility, lost writes, pollers that overpull"
python3 .ci/judge.py lambda "$work/faults.json"
echo "-- calls that become jobs, with duplicates and kills"
python3 .ci/judge.py lambda "$work/jobs.json"
echo "-- reserved concurrency as the limit"
python3 .ci/judge.py lambda "$work/slot.json"
