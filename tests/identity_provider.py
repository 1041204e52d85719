"""A small OpenID Connect provider, as the platform is one."""

from __future__ import annotations

import json
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


class Provider(BaseHTTPRequestHandler):
    """A small OpenID Connect provider; every request is answered for the user `name`."""

    name = "li"

    def log_message(self, *words: Any) -> None:
        """Silent."""

    def answer(self, response: dict[str, Any]) -> None:
        """JSON."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(response).encode())

    def do_GET(self) -> None:  # the standard library's name
        """Configuration, authorisation, user information."""
        here = f"http://127.0.0.1:{self.server.server_port}"  # type: ignore[attr-defined]  # an HTTPServer
        address = urllib.parse.urlparse(self.path)
        if address.path.endswith("openid-configuration"):
            self.answer(
                {
                    "issuer": here,
                    "authorization_endpoint": f"{here}/authorize",
                    "token_endpoint": f"{here}/token",
                    "userinfo_endpoint": f"{here}/me",
                    "jwks_uri": f"{here}/keys",
                }
            )
        elif address.path == "/me":
            self.answer({"sub": f"id-of-{self.name}", "preferred_username": self.name})
        else:
            self.send_error(404)

    def do_POST(self) -> None:  # the standard library's name
        """A token."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer({"access_token": "t", "token_type": "Bearer"})


@contextmanager
def run_provider() -> Iterator[dict[str, Any]]:
    """Runs the provider; the settings under which the office uses it."""
    server = HTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/.well-known/openid-configuration"
    yield {
        "provider_id": "platform",
        "name": "平台",
        "client_id": "q",
        "secret": "s",
        "settings": {"server_url": address},
    }
    server.shutdown()
    server.server_close()
