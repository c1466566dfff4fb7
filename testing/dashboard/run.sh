#!/usr/bin/env bash
# The dashboard in a real browser. Installs what it needs: Debian's Chromium and its driver, selenium, axe-core.
#
#   testing/dashboard/run.sh target/debug/rampmeter [--shots DIRECTORY]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=${1:?the rampmeter binary}
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null; then
    apt-get update -qq && apt-get install -y -qq chromium chromium-driver >"$work/apt.log" 2>&1 \
        || { cat "$work/apt.log"; exit 1; }
fi
command -v npm >/dev/null || { echo "there is no npm: axe-core comes from its registry"; exit 1; }
python3 -m venv "$work/python"
"$work/python/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
cp "$here/package.json" "$work/" && (cd "$work" && npm install --silent --no-audit --no-fund --no-package-lock)
node --test "$here/layout.test.mjs" >"$work/layout.log" || { cat "$work/layout.log"; exit 1; }
"$work/python/bin/python" "$here/browser.py" "$program" --axe "$work/node_modules/axe-core/axe.min.js" "$@"
"$work/python/bin/python" "$here/login.py" "$program"
