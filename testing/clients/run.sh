#!/usr/bin/env bash
# Unmodified AWS clients against a running server: each makes a queue and a state machine, takes a task token from the
# queue, reports success, and reads the history.
#
#   testing/clients/run.sh http://127.0.0.1:4566 [cli] [boto3] [boto3-query] [javascript] [rust]
#
# Installs the clients into a directory of its own, from their ordinary registries. Says what it skips and why; exits 1
# when a client fails. Without names it runs all but rust, which takes minutes to build.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
endpoint=${1:?the URL of the AWS port}
shift
clients=("$@")
[ ${#clients[@]} -gt 0 ] || clients=(cli boto3 boto3-query javascript)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export AWS_ENDPOINT_URL=$endpoint AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
export AWS_ACCESS_KEY_ID=${AWS_ACCESS_KEY_ID:-test} AWS_SECRET_ACCESS_KEY=${AWS_SECRET_ACCESS_KEY:-test}
export AWS_EC2_METADATA_DISABLED=true AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
failed=0

# A Python environment with these packages.
environment() {
    python3 -m venv "$work/$1" && "$work/$1/bin/pip" install --quiet --disable-pip-version-check "${@:2}"
}

for client in "${clients[@]}"; do
    echo "== $client"
    export RUN_NAME="$client-$$"
    case $client in
        cli) environment cli awscli && PATH="$work/cli/bin:$PATH" bash "$here/cli.sh" ;;
        boto3) environment boto3 boto3 && "$work/boto3/bin/python" "$here/callback.py" ;;
        # The last botocore that speaks the Query protocol to SQS.
        boto3-query) environment query boto3==1.28.0 botocore==1.31.0 && "$work/query/bin/python" "$here/callback.py" ;;
        javascript)
            if ! command -v npm >/dev/null; then echo "skipped: there is no npm"; continue; fi
            cp -r "$here/javascript" "$work/javascript" && cd "$work/javascript" &&
                npm install --silent --no-audit --no-fund && node callback.mjs
            ;;
        rust) CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$work/rust} cargo run --quiet --locked --manifest-path "$here/rust/Cargo.toml" ;;
        *) echo "there is no client called $client"; false ;;
    esac || { echo "$client FAILED"; failed=1; }
    cd "$here" || exit 1
done
exit $failed
