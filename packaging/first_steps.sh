#!/usr/bin/env bash
# Does what the README says for people without Rust, word for word: from the tarball to the first green execution. The root that it is
# done in holds a C library and a shell (busybox, from Debian) and nothing else; its user owns nothing but a home. Root is needed for chroot.
#
#   packaging/first_steps.sh [DIRECTORY]        target/release-files without it
set -euo pipefail
cd "$(dirname "$0")/.."
files=$(cd "${1:-target/release-files}" && pwd)
work=$(mktemp -d)
trap 'end; rm -rf "$work"' EXIT
root=$work/root
home=$root/home/someone

# What the steps start in the background goes on until it is told to end.
end() {
    for process in /proc/[0-9]*; do
        [ "$(readlink "$process/root" 2>/dev/null)" != "$root" ] || kill "${process#/proc/}" 2>/dev/null || true
    done
}

mkdir -p "$home" "$root"/{bin,dev,etc,proc,tmp} "$work/packages"
chmod 1777 "$root/tmp"
echo "someone:x:1000:1000::/home/someone:/bin/sh" >"$root/etc/passwd"
(cd "$work/packages" && apt-get download -qq busybox-static libc6 libgcc-s1 >/dev/null)
for package in "$work"/packages/{libc6,libgcc-s1}_*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x -C "$root" --wildcards './lib*' --exclude='*/gconv/*'
done
dpkg-deb --fsys-tarfile "$work"/packages/busybox-static_*.deb | tar -x -C "$root" ./bin/busybox
for tool in sh tar gzip head sleep; do ln -s busybox "$root/bin/$tool"; done
install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
mknod -m 666 "$root/dev/null" c 1 3
mknod -m 666 "$root/dev/urandom" c 1 9
cp "$files"/rampmeter-*-x86_64-unknown-linux-gnu.tar.gz "$home"
chown -R 1000:1000 "$home"

# The first block of commands after the words that announce it.
awk '/^Without Rust/ { found = 1 } found && /^```$/ { exit } started { print } found && /^```sh$/ { started = 1 }' README.md >"$home/steps.sh"
grep -q 'rampmeter start' "$home/steps.sh"
! chroot "$root" /bin/busybox which cargo rustc >/dev/null

HOME=/home/someone PATH=/bin chroot --userspec=1000:1000 "$root" /bin/sh -euc 'cd && . ./steps.sh' >"$work/said" 2>&1 \
    || { cat "$work/said"; exit 1; }
cat "$work/said"
grep -q '0 failed' "$work/said"
grep -q SUCCEEDED "$work/said"
echo "first steps: the demo and a first execution succeed in a clean root"
