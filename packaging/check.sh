#!/usr/bin/env bash
# Tests what `.ci/release` built, as far as that is possible on one machine without a cluster. Root is needed for chroot.
#
#   packaging/check.sh [DIRECTORY]        target/release-files without it
#
# The image is unpacked and run as its own user in an empty root: a first green execution without Rust, without a shell, without
# anything that the image does not bring.
set -euo pipefail
cd "$(dirname "$0")/.."
files=$(cd "${1:-target/release-files}" && pwd)
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
checked=0
ok() { checked=$((checked + 1)); echo "ok: $*"; }

(cd "$files" && sha256sum --check --quiet SHA256SUMS) && ok "checksums"

python3 -m pip install --quiet --disable-pip-version-check kubernetes-validate 'cyclonedx-python-lib[json-validation]' pyyaml
python3 - "$files" <<'PYTHON'
import glob, hashlib, json, sys, tarfile
import kubernetes_validate, yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

files = sys.argv[1]
for name in glob.glob(f"{files}/*.cdx.json"):
    with open(name) as file:
        fault = JsonStrictValidator(SchemaVersion.V1_5).validate_str(file.read())
    assert fault is None, (name, fault)
for name in glob.glob(f"{files}/*.provenance.json"):
    statement = json.load(open(name))
    for subject in statement["subject"]:
        data = open(f"{files}/{subject['name']}", "rb").read()
        assert hashlib.sha256(data).hexdigest() == subject["digest"]["sha256"], subject
for name in glob.glob(f"{files}/*.oci.tar"):
    archive = tarfile.open(name)
    blobs = {m.name: archive.extractfile(m).read() for m in archive if m.isfile()}
    for path, data in blobs.items():
        if path.startswith("blobs/"):
            assert path.rsplit("/", 1)[1] == hashlib.sha256(data).hexdigest(), path
    todo = json.loads(blobs["index.json"])["manifests"]
    while todo:
        descriptor = todo.pop()
        data = blobs["blobs/sha256/" + descriptor["digest"].removeprefix("sha256:")]
        assert len(data) == descriptor["size"], descriptor
        if descriptor["mediaType"].endswith("manifest.v1+json"):
            manifest = json.loads(data)
            todo += [manifest["config"], *manifest["layers"]]
documents = list(yaml.safe_load_all(open("packaging/kubernetes/rampmeter.yaml")))
for document in documents:
    kubernetes_validate.validate(document, "1.32", strict=True)
compose = yaml.safe_load(open("packaging/container/compose.yaml"))
assert set(compose) == {"services", "volumes"}, set(compose)
print(f"{len(documents)} Kubernetes objects, bills of materials, provenance and images hold")
PYTHON
ok "schemas"

if command -v systemd-analyze >/dev/null; then
    # The unit names a program that is not installed here: a link stands for it.
    install -D packaging/systemd/rampmeter.service "$work/unit/rampmeter.service"
    sed -i 's#/usr/bin/rampmeter#/bin/true#' "$work/unit/rampmeter.service"
    systemd-analyze verify --man=no "$work/unit/rampmeter.service"
    ok "systemd unit: $(systemd-analyze security --offline=true "$work/unit/rampmeter.service" 2>/dev/null | tail -n 1 || true)"
fi

arch=$(dpkg --print-architecture)
version=$(basename "$files"/rampmeter-*-"$arch".oci.tar | sed "s/rampmeter-\(.*\)-$arch.oci.tar/\1/")

# The tarball: what the README tells somebody without Rust.
mkdir "$work/tarball"
tar -xzf "$files/rampmeter-$version-$(uname -m)-unknown-linux-gnu.tar.gz" -C "$work/tarball" --strip-components=1
for file in rampmeter LICENSE README.md completions/rampmeter.bash man/rampmeter.1 man/rampmeter-serve.1 rampmeter.service; do
    [ -s "$work/tarball/$file" ] || { echo "the tarball has no $file" >&2; exit 1; }
done
"$work/tarball/rampmeter" version --json | python3 -c 'import json,sys; v=json.load(sys.stdin); assert v["commit"], v'
ok "tarball, with the commit in the binary"

dpkg-deb --contents "$files/rampmeter_${version}_$arch.deb" | grep -q ' ./lib/systemd/system/rampmeter.service$'
dpkg-deb --info "$files/rampmeter_${version}_$arch.deb" conffiles | grep -qx /etc/rampmeter/rampmeter.toml
ok "Debian package"

# The image, in an empty root as its own user.
root=$work/root
mkdir "$root" "$work/oci"
tar -xf "$files/rampmeter-$version-$arch.oci.tar" -C "$work/oci"
python3 - "$work/oci" "$root" <<'PYTHON'
import json, sys, tarfile
oci, root = sys.argv[1:]
blob = lambda descriptor: f"{oci}/blobs/sha256/{descriptor['digest'].removeprefix('sha256:')}"
manifest = json.load(open(blob(json.load(open(f"{oci}/index.json"))["manifests"][0])))
for layer in manifest["layers"]:
    tarfile.open(blob(layer), "r:gz").extractall(root)
PYTHON
run() { HOME=/var/lib/rampmeter PATH=/usr/bin chroot --userspec=65532:65532 "$root" /usr/bin/rampmeter "$@"; }
cp examples/order-sync/{rampmeter.toml,order-sync.asl.json} "$root/etc/rampmeter/"
sed -i 's#^data_dir.*#data_dir = "/var/lib/rampmeter"#' "$root/etc/rampmeter/rampmeter.toml"
mkdir -p "$root/proc" "$root/dev"
mknod -m 666 "$root/dev/null" c 1 3
mknod -m 666 "$root/dev/urandom" c 1 9
export NETSUITE_TOKEN=demo
run mock netsuite --bearer demo >/dev/null 2>&1 &
vendor=$!
run serve --config /etc/rampmeter/rampmeter.toml --data-dir /var/lib/rampmeter/data --ready-file /var/lib/rampmeter/ready >"$work/serve.log" 2>&1 &
server="$! $vendor"
for _ in $(seq 100); do [ -s "$root/var/lib/rampmeter/ready" ] && break; sleep 0.1; done
[ -s "$root/var/lib/rampmeter/ready" ] || { cat "$work/serve.log" >&2; exit 1; }
head -n 1 examples/order-sync/orders.jsonl >"$root/var/lib/rampmeter/order.json"
run start order-sync --input /var/lib/rampmeter/order.json --wait | tee "$work/started"
grep -q SUCCEEDED "$work/started"
[ "$(stat -c %u:%a "$root/var/lib/rampmeter/data")" = 65532:700 ]
ok "image: a first execution succeeds in an empty root, as user 65532"
kill $server
echo "$checked checks passed"
