"""Packs a tree of files as a tarball and as a Debian package, byte for byte the same from the same input.

    archive.py tarball TREE NAME.tar.gz TIME            TREE's content under one folder called NAME
    archive.py deb TREE NAME.deb VERSION ARCH TIME      TREE is the root of the file system to be

TIME is the commit's, in seconds since 1970: every file has it. No file keeps the user or the rights that it had on the machine
that built it: folders and programs are 0755, everything else 0644.
"""

import gzip
import io
import os
import sys
import tarfile

CONTROL = """Package: rampmeter
Version: {version}
Architecture: {architecture}
Maintainer: Rampmeter <rampmeter@localhost>
Installed-Size: {size}
Depends: libc6 (>= {glibc}), ca-certificates
Section: net
Priority: optional
Description: durable workflows that call rate-limited APIs
 Step Functions, SQS and exact limits in one binary: urgent calls first, and
 never more than the vendor allows, as the vendor counts.
"""

# The service is not started by itself: it has no target yet. What it stored stays when the package goes.
POSTINST = """#!/bin/sh
set -e
if [ "$1" = configure ]; then
    if ! getent passwd rampmeter >/dev/null; then
        useradd --system --user-group --home-dir /var/lib/rampmeter --no-create-home --shell /usr/sbin/nologin rampmeter
    fi
    chown root:rampmeter /etc/rampmeter /etc/rampmeter/rampmeter.toml
    chmod 0750 /etc/rampmeter
    chmod 0640 /etc/rampmeter/rampmeter.toml
    if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
fi
"""

PRERM = """#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then systemctl stop rampmeter.service || true; fi
"""

CONFFILES = "/etc/rampmeter/rampmeter.toml\n"


def entry(name, time, mode, size=0, kind=tarfile.REGTYPE):
    info = tarfile.TarInfo(name)
    info.mtime, info.mode, info.size, info.type = time, mode, size, kind
    info.uname = info.gname = "root"
    return info


def add_tree(archive, tree, prefix, time):
    """Adds everything below TREE under PREFIX, in the order of names."""
    for folder, folders, files in os.walk(tree):
        folders.sort()
        below = os.path.relpath(folder, tree)
        name = prefix if below == "." else f"{prefix}/{below}"
        archive.addfile(entry(name + "/", time, 0o755, kind=tarfile.DIRTYPE))
        for file in sorted(files):
            path = os.path.join(folder, file)
            mode = 0o755 if os.access(path, os.X_OK) else 0o644
            with open(path, "rb") as content:
                archive.addfile(entry(f"{name}/{file}", time, mode, os.path.getsize(path)), content)


def tar_gz(fill):
    """The bytes of a gzipped tar archive that FILL fills, without the time and name that gzip would add."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        fill(archive)
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=packed, compresslevel=9, mtime=0) as gz:
        gz.write(plain.getvalue())
    return packed.getvalue()


def ar_member(name, data, time):
    header = f"{name:<16}{time:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
    return header + data + (b"\n" if len(data) % 2 else b"")


def tarball(tree, out, time):
    name = os.path.basename(out).removesuffix(".tar.gz")
    with open(out, "wb") as file:
        file.write(tar_gz(lambda archive: add_tree(archive, tree, name, time)))


def deb(tree, out, version, architecture, time):
    size = sum(os.path.getsize(os.path.join(folder, file)) for folder, _, files in os.walk(tree) for file in files)
    glibc = os.environ["RAMPMETER_GLIBC"]
    control = CONTROL.format(version=version, architecture=architecture, size=size // 1024 + 1, glibc=glibc)

    def fill(archive):
        for name, text, mode in [
            ("./control", control, 0o644),
            ("./conffiles", CONFFILES, 0o644),
            ("./postinst", POSTINST, 0o755),
            ("./prerm", PRERM, 0o755),
        ]:
            data = text.encode()
            archive.addfile(entry(name, time, mode, len(data)), io.BytesIO(data))

    with open(out, "wb") as file:
        file.write(b"!<arch>\n")
        file.write(ar_member("debian-binary", b"2.0\n", time))
        file.write(ar_member("control.tar.gz", tar_gz(fill), time))
        file.write(ar_member("data.tar.gz", tar_gz(lambda archive: add_tree(archive, tree, ".", time)), time))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["tarball", tree, out, time]:
            tarball(tree, out, int(time))
        case ["deb", tree, out, version, architecture, time]:
            deb(tree, out, version, architecture, int(time))
        case _:
            sys.exit(__doc__)
