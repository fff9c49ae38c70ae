"""nameserver.py READY - on 127.0.0.53, says that every name is 203.0.113.1; a line to READY when it can be asked."""
import socket
import sys

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("127.0.0.53", 53))
    with open(sys.argv[1], "w") as ready:
        ready.write("ready\n")
    while True:
        query, peer = server.recvfrom(512)
        end = query.index(b"\0", 12) + 5
        is_address = query[end - 4:end - 2] == b"\0\1"
        answer = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + socket.inet_aton("203.0.113.1") if is_address else b""
        head = query[:2] + b"\x81\x80\0\1" + (b"\0\1" if is_address else b"\0\0") + b"\0\0\0\0"
        server.sendto(head + query[12:end] + answer, peer)
