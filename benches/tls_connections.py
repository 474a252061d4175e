#!/usr/bin/env python3
"""What connections that are only held cost: opens many over TLS from many loopback addresses to a release
binary, and tells the resident memory of the switch before and after, in a line for BENCHMARKS.md.

    SWITCH_BINARY=target/release/didtron benches/tls_connections.py 20000

Needs openssl; the switch needs a limit of open files (ulimit -n) above the number. A request goes over every connection, so
that buffers are as after use.
"""

import multiprocessing
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

CONNECTIONS = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
# Each address has some 28,000 ports, and the switch a limit of connections for each.
ADDRESSES = 100
# Processes that hold them, each with its own limit of open files.
HOLDERS = 4
SIP, UDP, HTTP = 25061, 25060, 28080
REQUEST = (
    "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS {host};branch=z9hG4bK{number}\r\n"
    "Max-Forwards: 70\r\nFrom: <sip:a@{host}>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: held-{number}\r\n"
    "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)


def hold(share, done):
    """Opens every connection of a share and says so; holds them until it is killed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    held = [open_one(context, number) for number in share]
    held[0].settimeout(5)
    done.put(held[0].recv(2_048).startswith(b"SIP/2.0 "))
    signal.pause()


def certificate(directory):
    key, cert = f"{directory}/key.pem", f"{directory}/cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=127.0.0.1"],
        check=True, capture_output=True,
    )
    return cert, key


def start(directory):
    cert, key = certificate(directory)
    settings = {
        "DATA_DIR": f"{directory}/data",
        "HTTP_ADDRESS": f"127.0.0.1:{HTTP}",
        "JOURNAL_FREE_SPACE_MIN_MIB": "16",
        "MEDIA_ADDRESS": "127.0.77.1",
        "SIP_LISTENERS": f"udp/127.0.0.1:{UDP},tls/127.0.0.1:{SIP}",
        "SIP_TCP_CONNECTIONS_MAX": str(CONNECTIONS + 100),
        "SIP_TCP_CONNECTIONS_PER_ADDRESS_MAX": str(CONNECTIONS // ADDRESSES + 10),
        "SIP_TLS_CERTIFICATE_FILE": cert,
        "SIP_TLS_KEY_FILE": key,
    }
    environment = os.environ | {f"DIDTRON_{name}": value for name, value in settings.items()}
    binary = os.environ.get("SWITCH_BINARY", "target/release/didtron")
    log = open(f"{directory}/log", "w")
    return subprocess.Popen([binary, "serve"], env=environment, stdout=log, stderr=log)


def wait_until_ready(switch, directory):
    for _ in range(600):
        if switch.poll() is not None:
            sys.exit(open(f"{directory}/log").read())
        try:
            socket.create_connection(("127.0.0.1", SIP), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("the switch does not listen")


def resident_kib(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def open_one(context, number):
    host = f"127.0.{1 + number % ADDRESSES}.1"
    # A loaded machine takes its time.
    plain = socket.create_connection(("127.0.0.1", SIP), 300, source_address=(host, 0))
    held = context.wrap_socket(plain)
    held.sendall(REQUEST.format(host=host, number=number).encode())
    return held


def main():
    with tempfile.TemporaryDirectory() as directory:
        switch, done = start(directory), multiprocessing.Queue()
        shares = [range(part, CONNECTIONS, HOLDERS) for part in range(HOLDERS)]
        holders = [multiprocessing.Process(target=hold, args=(share, done)) for share in shares]
        try:
            wait_until_ready(switch, directory)
            time.sleep(2)
            before, began = resident_kib(switch.pid), time.monotonic()
            for holder in holders:
                holder.start()
            is_answered = all([done.get() for _ in holders])
            took = time.monotonic() - began
            time.sleep(10)
            after, standing = resident_kib(switch.pid), tcp_established()
            print("| TLS connections | resident MiB before | with them | KiB each | opened a second |")
            print("|---:|---:|---:|---:|---:|")
            each = (after - before) / max(standing, 1)
            print(f"| {standing} | {before / 1024:.0f} | {after / 1024:.0f} | {each:.1f} | "
                  f"{CONNECTIONS / took:.0f} |")
            if standing < CONNECTIONS or not is_answered:
                sys.exit("not all of them stand")
        finally:
            for process in [switch, *(holder for holder in holders if holder.pid)]:
                process.kill()


def tcp_established():
    """Connections that the switch's side of the kernel has as established."""
    local = f"0100007F:{SIP:04X}"
    with open("/proc/net/tcp") as table:
        rows = (line.split() for line in table)
        return sum(row[1] == local and row[3] == "01" for row in rows)


if __name__ == "__main__":
    main()
