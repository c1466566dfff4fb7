#!/usr/bin/env python3
"""Power loss, on the real binary: what `rampmeter serve` asked of its disk is recorded (`shim.c`), images of what the
disk may then hold are made (`image.py`), and in each of them everything must be there that had been acknowledged by then.

    crash.py --rampmeter target/debug/rampmeter [--images N] [--opened N] [--numbers N] [--pad BYTES] [--failures N]

Every image is read with SQLite: its own check, what was acknowledged, the chains of the histories, the bodies of answers by
length and SHA-256, a permit for every call that the vendor has seen. A few are opened by the real server and asked over the
wire. Then disks that fail: a sync or a write that is refused stops the server, and nothing that it acknowledged is missing, even
if the power fails after a start has gone on from what lay in memory.
Last, a disk that lies is planted, and must be noticed. Prints counts, and exits 1 if anything does not hold.
"""

import argparse
import concurrent.futures
import errno
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from image import FAILED, SYNC, WRITE, Disk, read_log
from workload import Client, Vendor, Workload, configuration, start_vendor, CALL

HERE = pathlib.Path(__file__).resolve().parent


def memory():
    """A folder in memory, where there is one with room: thousands of images are written and removed."""
    folder = pathlib.Path("/dev/shm")
    has_room = os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > 2 << 30
    return folder if has_room else None


class Server:
    """`rampmeter serve` on a directory, with or without the shim."""

    def __init__(self, rampmeter, work, data, **variables):
        ready = work / f"ready-{time.monotonic_ns()}.json"
        command = [rampmeter, "serve", "--config", str(work / "rampmeter.toml"), "--data-dir", str(data),
                   "--ready-file", str(ready)]
        self.errors = open(work / "errors.txt", "a+")
        self.process = subprocess.Popen(command, env={**os.environ, **variables}, stdout=self.errors, stderr=self.errors)
        end = time.time() + 60
        while not (ready.exists() and ready.stat().st_size):
            if self.process.poll() is not None or time.time() > end:
                raise SystemExit(f"the server did not start on {data}: {(work / 'errors.txt').read_text()[-2000:]}")
            time.sleep(0.005)
        self.url = json.loads(ready.read_text())["aws_url"]

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(60)


def build_shim(work):
    shim = work / "shim.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(shim), str(HERE / "shim.c"), "-lpthread", "-ldl"], check=True)
    return str(shim)


def record(arguments, work, shim):
    """Runs the workload twice, with an orderly stop in between. Returns the workload and the log."""
    data, log, workload = work / "data", work / "log", Workload()
    watched = {"LD_PRELOAD": shim, "DISK_DIRECTORY": str(data), "DISK_LOG": str(log)}
    half = arguments.numbers // 2
    ready_at = None
    for numbers, how in ((range(half), signal.SIGTERM), (range(half, arguments.numbers), signal.SIGKILL)):
        server = Server(arguments.rampmeter, work, data, **watched)
        client = Client(server.url)
        workload.prepare(client, arguments.pad)
        ready_at = ready_at or time.monotonic_ns()
        broken = workload.run(client, numbers)
        if broken:
            raise SystemExit(f"the workload was refused: {broken[0]}")
        server.stop(how)
    return workload, read_log(log, data), ready_at


class Expected:
    """What must be in an image of this moment."""

    def __init__(self, workload):
        self.asked, self.acknowledged = workload.asked, workload.acknowledged
        self.arrived = list(Vendor.arrived)

    def until(self, moment):
        def by(kind, of):
            return {name for name, at in of.get(kind, {}).items() if at <= moment}
        acknowledged, asked = self.acknowledged, self.asked
        sent = by("send", acknowledged)
        return {
            "started": by("start", acknowledged), "ended": by("end", acknowledged),
            "kept": sent - by("delete", asked), "deleted": by("delete", acknowledged),
            "arrived": {name for at, name in self.arrived if at <= moment},
        }


def faults_of(folder, expected):
    """What is wrong with an image: read with SQLite, which takes up what the log of writes holds."""
    database = sqlite3.connect(folder / "rampmeter.db")
    try:
        return list(faults_in(database, folder, expected))
    except sqlite3.DatabaseError as error:
        return [f"it cannot be read: {error}"]
    finally:
        database.close()


def faults_in(database, folder, expected):
    check = database.execute("PRAGMA integrity_check").fetchone()[0]
    if check != "ok":
        yield f"SQLite's own check: {check}"
    executions = {name: (number, status, events, last) for number, name, status, events, last in database.execute(
        "SELECT id, name, status, events, last_step FROM execution")}
    if missing := expected["started"] - set(executions):
        yield f"{len(missing)} executions that were acknowledged are missing, such as {min(missing)}"
    if open_still := [name for name in expected["ended"] & set(executions) if executions[name][1] != 1]:
        yield f"{len(open_still)} executions whose end was acknowledged have not ended, such as {min(open_still)}"
    messages = {}
    for number, body in database.execute("SELECT id, body FROM message WHERE body LIKE '{\"mark%'"):
        messages[json.loads(body)["mark"]] = number
    if missing := expected["kept"] - set(messages):
        yield f"{len(missing)} messages that were acknowledged are missing, such as {min(missing)}"
    if back := expected["deleted"] & set(messages):
        yield f"{len(back)} messages whose deletion was acknowledged are there, such as {min(back)}"
    steps = {number: (execution, previous, first) for number, execution, previous, first in database.execute(
        "SELECT id, execution, previous, first_event FROM step")}
    for name, (number, _, events, last) in executions.items():
        before = events + 1
        while last is not None:
            if last not in steps or steps[last][0] != number or steps[last][2] >= before:
                yield f"the history of {name} is broken at step {last}"
                break
            before, last = steps[last][2], steps[last][1]
        else:
            if before != 1:
                yield f"the history of {name} begins with event {before}"
    for number, size, digest in database.execute("SELECT id, size, sha256 FROM body"):
        file = folder / "blobs" / str(number)
        content = file.read_bytes() if file.exists() else b""
        if len(content) != size or hashlib.sha256(content).hexdigest() != digest:
            yield f"the body {number} is not whole: {len(content)} of {size} bytes"
    permits = database.execute("SELECT count(*) FROM permit").fetchone()[0]
    unanswered = [name for name in expected["arrived"] if name not in executions or executions[name][1] == 0]
    if len(unanswered) > permits:
        yield f"the vendor has seen {len(unanswered)} calls that have not ended, and {permits} have a permit"


def moments(requests, ready_at):
    """After which requests the power may fail: from the first acknowledgement on."""
    return [place for place, request in enumerate(requests) if request[4] >= ready_at]


def judge(task):
    """Makes the images of some moments, and returns the faults of each."""
    requests, ready_at, chosen, expected, seed, lying = task
    disk, chance, found, count = Disk(lying, random.Random(seed)), random.Random(seed), [], 0
    chosen = sorted(chosen)
    named = False
    with tempfile.TemporaryDirectory(dir=memory()) as work:
        for place, request in enumerate(requests):
            if not named and request[4] >= ready_at:
                disk.name_all()
                named = True
            disk.add(request)
            while chosen and chosen[0][0] == place:
                _, how = chosen.pop(0)
                folder = pathlib.Path(work) / f"{place}-{count}"
                disk.write_image(folder, how, chance)
                faults = faults_of(folder, expected.until(request[4]))
                count += 1
                if faults:
                    found.append((place, how, faults))
                shutil.rmtree(folder)
            if not chosen:
                break
    return count, found


def choose(requests, ready_at, images, chance):
    """Which images are made: all three kinds at moments that are spread evenly, then more of the undecided kind."""
    places = moments(requests, ready_at)
    stride = max(1, len(places) * 4 // images)
    chosen = [(place, how) for place in places[::stride] for how in ("synced", "all", "some", "some")]
    while len(chosen) < images:
        chosen.append((chance.choice(places), "some"))
    return chosen[:images] if len(chosen) > images else chosen


def all_images(requests, ready_at, expected, images, seed, lying=0.0):
    chance = random.Random(seed)
    chosen = choose(requests, ready_at, images, chance)
    chance.shuffle(chosen)
    parts = os.cpu_count() or 1
    tasks = [(requests, ready_at, chosen[part::parts], expected, seed + part, lying) for part in range(parts)]
    with concurrent.futures.ProcessPoolExecutor(parts) as pool:
        results = list(pool.map(judge, tasks))
    return sum(count for count, _ in results), [fault for _, found in results for fault in found]


def ask(arguments, work, folder, expected, workload):
    """Opens an image with the real server, and queries it over the wire. Returns what is wrong."""
    server = Server(arguments.rampmeter, work, folder)
    client, faults = Client(server.url), []
    try:
        for name in sorted(expected["started"]):
            machine = workload.machines[name.split("-")[0]]
            arn = machine.replace(":stateMachine:", ":execution:") + f":{name}"
            described = client.call("AWSStepFunctions.DescribeExecution", executionArn=arn)
            history = client.call("AWSStepFunctions.GetExecutionHistory", executionArn=arn)["events"]
            if [event["id"] for event in history] != list(range(1, len(history) + 1)):
                faults.append(f"the history of {name} is not numbered in order")
            ends = [event for event in history if event["type"].startswith("Execution") and event["type"] != "ExecutionStarted"]
            if len(ends) > 1:
                faults.append(f"{name} has ended {len(ends)} times")
            told = json.loads(described.get("output") or "null") if name in expected["ended"] else None
            if name in expected["ended"] and told != json.loads(workload.outputs[name]):
                faults.append(f"{name} has another output than was acknowledged")
    finally:
        server.stop(signal.SIGKILL)
    return faults


def open_some(arguments, work, requests, ready_at, expected, workload):
    chance, disk, opened, faults = random.Random(arguments.seed), Disk(), 0, []
    places = moments(requests, ready_at)
    chosen = set(chance.sample(places, min(arguments.opened, len(places))))
    named = False
    for place, request in enumerate(requests):
        if not named and request[4] >= ready_at:
            disk.name_all()
            named = True
        disk.add(request)
        if place in chosen:
            folder = work / f"opened-{place}"
            disk.write_image(folder, "some", chance)
            faults += ask(arguments, work, folder, expected.until(request[4]), workload)
            opened += 1
            shutil.rmtree(folder)
    return opened, faults


FAILING = (("sync", errno.EIO, ""), ("sync", errno.EIO, ":once"), ("write", errno.EIO, ""), ("write", errno.ENOSPC, ""))


def failing_disk(arguments, work, shim, number, kind, code, once, at):
    """A server whose disk fails: it ends with status 1, and after a start on a good disk nothing acknowledged is missing.
    Answers whether it went on, and what does not hold."""
    data, armed, workload = work / f"failing-{number}", work / f"armed-{number}", Workload()
    server = Server(arguments.rampmeter, work, data, LD_PRELOAD=shim, DISK_DIRECTORY=str(data), DISK_LOG=str(work / f"log-{number}"),
                    DISK_FAIL=f"{kind}:{at}:{code}{once}", DISK_ARMED=str(armed))
    client = Client(server.url)
    workload.prepare(client, 500)
    before = set(name for _, name in Vendor.arrived)
    armed.touch()
    workload.run(client, range(1000 * (number + 1), 1000 * (number + 1) + 400))
    status = server.stop(signal.SIGTERM)
    failed = [name for kind_of, name, *_ in read_log(work / f"log-{number}", data) if kind_of == FAILED]
    # The body of one answer that cannot be stored is the trouble of its call, which is made again.
    goes_on = bool(failed) and all(name.split("/")[0] == "blobs" for name in failed)
    faults = [] if status == (0 if goes_on else 1) else [f"it ended with status {status} after {failed[:5]} had failed"]
    expected = Expected(workload)
    expected.arrived = [(moment, name) for moment, name in expected.arrived if name not in before]
    faults += faults_of(data, expected.until(time.monotonic_ns()))
    faults += ask(arguments, work, data, expected.until(time.monotonic_ns()), workload)
    return goes_on, [f"{kind}:{at}:{errno.errorcode[code]}{once}: {fault}" for fault in faults]


def two_stages(arguments, work, shim, number, at):
    """A sync fails once and the server ends; a start on the same machine, whose disk is well again, goes on with what lies in
    memory; then the power fails. What the sync was to keep was never written, for the system took it for written. Answers what
    is missing of all that either server acknowledged."""
    data, armed, workload = work / f"stages-{number}", work / f"stages-armed-{number}", Workload()
    logs = [work / f"stages-log-{number}-{stage}" for stage in (1, 2)]
    watched = {"LD_PRELOAD": shim, "DISK_DIRECTORY": str(data)}
    server = Server(arguments.rampmeter, work, data, **watched, DISK_LOG=str(logs[0]), DISK_FAIL=f"sync:{at}:{errno.EIO}:once",
                    DISK_ARMED=str(armed))
    client = Client(server.url)
    workload.prepare(client, 500)
    before = set(name for _, name in Vendor.arrived)
    armed.touch()
    first = 100_000 + 1000 * number
    workload.run(client, range(first, first + 200))
    server.stop(signal.SIGTERM)
    server = Server(arguments.rampmeter, work, data, **watched, DISK_LOG=str(logs[1]))
    client = Client(server.url)
    workload.prepare(client, 500)
    broken = workload.run(client, range(first + 500, first + 540))
    server.stop(signal.SIGKILL)
    now, disk = time.monotonic_ns(), Disk()
    for log in logs:
        for request in read_log(log, data):
            if request[0] != FAILED:
                disk.add(request)
            elif request[1] in disk.files:
                disk.files[request[1]].pending = []
    disk.name_all()
    image = work / f"stages-image-{number}"
    disk.write_image(image, "synced", random.Random(arguments.seed))
    expected = Expected(workload)
    expected.arrived = [(moment, name) for moment, name in expected.arrived if name not in before]
    faults = [f"the second server refused: {broken[0]}"] if broken else []
    faults += faults_of(image, expected.until(now))
    return [f"a failed sync at {at}, work, power loss: {fault}" for fault in faults]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rampmeter", required=True)
    parser.add_argument("--images", type=int, default=600)
    parser.add_argument("--opened", type=int, default=6)
    parser.add_argument("--numbers", type=int, default=60)
    parser.add_argument("--pad", type=int, default=3_000, help="bytes of a message; 16 MB in all carry the log over meanwhile")
    parser.add_argument("--failures", type=int, default=1, help="places at which each kind of failure begins")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    broken = []
    with tempfile.TemporaryDirectory(dir=memory()) as directory:
        work = pathlib.Path(directory)
        shim = build_shim(work)
        (work / "call.asl.json").write_text(json.dumps(CALL))
        (work / "rampmeter.toml").write_text(configuration(start_vendor()))
        workload, requests, ready_at = record(arguments, work, shim)
        expected = Expected(workload)
        kinds = {kind: len(found) for kind, found in sorted(workload.acknowledged.items())}
        syncs = sum(request[0] == SYNC for request in requests)
        carried = sum(request[0] == WRITE and request[1] == "rampmeter.db" for request in requests)
        print(f"disk: {len(requests)} requests, {syncs} syncs, {carried} pages carried over; acknowledged: {kinds}; {len(expected.arrived)} calls")
        count, found = all_images(requests, ready_at, expected, arguments.images, arguments.seed)
        print(f"power loss: {count - len(found)} of {count} images hold everything that was acknowledged")
        broken += [f"image {place} ({how}): {fault}" for place, how, faults in found for fault in faults]
        opened, faults = open_some(arguments, work, requests, ready_at, expected, workload)
        print(f"power loss: {opened} images were opened by the server and asked, {len(faults)} faults")
        broken += faults
        failures = [(kind, code, once, 3 + 37 * round) for round in range(arguments.failures) for kind, code, once in FAILING]
        went_on, faults = 0, []
        for number, (kind, code, once, at) in enumerate(failures):
            goes_on, found = failing_disk(arguments, work, shim, number, kind, code, once, at)
            went_on, faults = went_on + goes_on, faults + found
        print(f"failing disk: {len(failures) - went_on} servers stopped acknowledging, with status 1, and {went_on} went on, for "
              f"only a body had failed; {len(faults)} faults")
        broken += faults
        rounds = range(2 * arguments.failures)
        faults = [fault for round in rounds for fault in two_stages(arguments, work, shim, round, 2 + 19 * round)]
        print(f"a failed sync, a start, work, power loss: {len(rounds)} times, {len(faults)} faults")
        broken += faults
        _, lies = all_images(requests, ready_at, expected, 60, arguments.seed, lying=1.0)
        print(f"a disk that says it synced and does not: noticed in {len(lies)} of 60 images")
        if not lies:
            broken.append("the planted disk was not noticed")
    for what in broken[:20]:
        print(f"BROKEN: {what}")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
