"""Builds the container image as an OCI layout in one tar file, without a daemon.

    image.py ROOT OUT.oci.tar ARCH VERSION COMMIT TIME

ROOT is the root of the file system to be: the binary, its C library, certificates. It becomes one layer. The image starts `rampmeter
serve` as user 65532 (nobody's, as in the distroless images), with its data in the volume /var/lib/rampmeter.
https://github.com/opencontainers/image-spec
"""

import datetime
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

USER = 65532
DATA = "var/lib/rampmeter"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer(root, time):
    """The tar of the root: everything root's and read-only but the data directory, which is the user's."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for folder, folders, files in os.walk(root):
            folders.sort()
            below = os.path.relpath(folder, root)
            if below != ".":
                info = tarfile.TarInfo(below)
                owned = below == DATA
                info.type, info.mtime, info.mode = tarfile.DIRTYPE, time, 0o700 if owned else 0o755
                info.uid = info.gid = USER if owned else 0
                archive.addfile(info)
            links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
            for name in sorted(files + links):
                path = os.path.join(folder, name)
                info = tarfile.TarInfo(os.path.normpath(os.path.join(below, name)))
                info.mtime = time
                if os.path.islink(path):
                    info.type, info.linkname, info.mode = tarfile.SYMTYPE, os.readlink(path), 0o777
                    archive.addfile(info)
                    continue
                info.mode = 0o755 if os.access(path, os.X_OK) else 0o644
                info.size = os.path.getsize(path)
                with open(path, "rb") as content:
                    archive.addfile(info, content)
    return plain.getvalue()


def build(root, out, architecture, version, commit, time):
    plain = layer(root, time)
    packed = gzip.compress(plain, 9, mtime=0)
    created = datetime.datetime.fromtimestamp(time, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    labels = {
        "org.opencontainers.image.title": "rampmeter",
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.revision": commit,
        "org.opencontainers.image.licenses": "Apache-2.0",
    }
    config = {
        "created": created,
        "architecture": architecture,
        "os": "linux",
        "config": {
            "User": f"{USER}:{USER}",
            "Entrypoint": ["/usr/bin/rampmeter"],
            "Cmd": ["serve", "--config", "/etc/rampmeter/rampmeter.toml"],
            "WorkingDir": "/" + DATA,
            "Env": ["PATH=/usr/bin", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],
            "ExposedPorts": {"4566/tcp": {}, "4580/tcp": {}},
            "Volumes": {"/" + DATA: {}},
            "StopSignal": "SIGTERM",
            "Labels": labels,
        },
        "rootfs": {"type": "layers", "diff_ids": [digest(plain)]},
        "history": [{"created": created, "created_by": "packaging/container/image.py"}],
    }
    config = json.dumps(config, sort_keys=True).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": digest(config),
            "size": len(config),
        },
        "layers": [
            {
                "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                "digest": digest(packed),
                "size": len(packed),
            }
        ],
        "annotations": labels,
    }
    manifest = json.dumps(manifest, sort_keys=True).encode()
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [
            {
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": digest(manifest),
                "size": len(manifest),
                "platform": {"architecture": architecture, "os": "linux"},
                "annotations": {"org.opencontainers.image.ref.name": version},
            }
        ],
    }
    blobs = {f"blobs/sha256/{digest(blob)[7:]}": blob for blob in (packed, config, manifest)}
    files = {
        "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
        "index.json": json.dumps(index, sort_keys=True).encode(),
        **dict(sorted(blobs.items())),
    }
    with tarfile.open(out, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = len(data), time, 0o644
            archive.addfile(info, io.BytesIO(data))


if __name__ == "__main__":
    if len(sys.argv) != 7:
        sys.exit(__doc__)
    build(*sys.argv[1:6], int(sys.argv[6]))
