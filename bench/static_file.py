"""Serves one file from the sandbox's own web server, and nothing else.

``python -m bench.static_file FILE`` prints the port it listens on.
"""

from __future__ import annotations

import sys
from pathlib import Path

from twilio_sandbox.http import Request, Response, Server


def main() -> None:
    file = Path(sys.argv[1])

    def answer(request: Request) -> Response:
        return Response(200, file.read_bytes(), {"Content-Type": "application/json"})

    server = Server(("127.0.0.1", 0), answer)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
