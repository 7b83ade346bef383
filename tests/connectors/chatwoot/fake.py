"""Chatwoot on the wire, after its API reference: the client API of one inbox, notes and statuses."""

from __future__ import annotations

import email
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI, HTTPException, Request, Response
from starlette.responses import RedirectResponse

INBOX, TOKEN, ACCOUNT = "inbox-1", "secret-token", 3


@dataclass
class FakeChatwoot:
    """Keeps contacts and conversations; ``down`` answers 503 to everything."""

    contacts: dict[str, str] = field(default_factory=dict)
    conversations: dict[int, dict[str, Any]] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)
    down: bool = False

    def transport(self) -> httpx.ASGITransport:
        return httpx.ASGITransport(app=self._app())

    def _app(self) -> FastAPI:
        app = FastAPI()
        contacts = "/public/api/v1/inboxes/{inbox}/contacts"
        conversations = f"/api/v1/accounts/{ACCOUNT}/conversations"

        @app.middleware("http")
        async def check(request: Request, go_on: Any) -> Any:
            from starlette.responses import JSONResponse

            if self.down:
                return JSONResponse({}, 503)
            path = request.url.path
            if path.startswith("/api/") and request.headers.get("api_access_token") != TOKEN:
                return JSONResponse({"errors": ["You need to sign in"]}, 401)
            if path.startswith("/public/") and f"/inboxes/{INBOX}/" not in path:
                return JSONResponse({"error": "Resource could not be found"}, 404)
            return await go_on(request)

        @app.post(contacts)
        async def contact(inbox: str, body: dict[str, Any]) -> dict[str, Any]:
            # A contact of the same identifier is found again.
            source = self.contacts.setdefault(body["identifier"], f"src-{len(self.contacts)}")
            return {"source_id": source, "pubsub_token": "t", "id": 1, "name": body["name"]}

        @app.post(contacts + "/{source}/conversations")
        async def conversation(inbox: str, source: str) -> dict[str, Any]:
            if source not in self.contacts.values():
                raise HTTPException(404)
            number = 100 + len(self.conversations)
            self.conversations[number] = {"source": source, "status": "open", "messages": []}
            return {"id": number, "inbox_id": 7, "messages": [], "contact": {}}

        @app.post(contacts + "/{source}/conversations/{number}/messages")
        async def incoming(
            inbox: str, source: str, number: int, request: Request
        ) -> dict[str, Any]:
            # JSON, or a form with the files as attachments[].
            if request.headers["content-type"].startswith("application/json"):
                return self._add(number, await request.json(), "incoming", private=False)
            head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
            body, files = {"content": ""}, []
            sent = await request.body()
            # As browsers do, in UTF-8 and not as mail has it.
            names = iter(re.findall(rb'filename="([^"]*)"', sent))
            for part in email.message_from_bytes(head + sent).walk():
                name = part.get_param("name", header="content-disposition")
                content = bytes(part.get_payload(decode=True) or b"")
                if name == "attachments[]":
                    files.append((next(names).decode(), content))
                elif name:
                    body[str(name)] = content.decode()
            return self._add(number, body, "incoming", private=False, files=files)

        @app.get("/rails/active_storage/blobs/redirect/{name}")
        async def stored(name: str) -> RedirectResponse:
            return RedirectResponse(f"http://storage/{name}", 302)

        @app.get("/{name}")
        async def storage(request: Request, name: str) -> Response:
            if request.url.hostname != "storage" or name not in self.stored:
                raise HTTPException(404)
            return Response(self.stored[name], media_type="application/octet-stream")

        @app.post(conversations + "/{number}/messages")
        async def message(number: int, body: dict[str, Any]) -> dict[str, Any]:
            return self._add(number, body, body["message_type"], private=body.get("private", False))

        @app.post(conversations + "/{number}/toggle_status")
        async def status(number: int, body: dict[str, Any]) -> dict[str, Any]:
            self.conversations[number]["status"] = body["status"]
            return {"payload": {"success": True, "current_status": body["status"]}}

        return app

    def _add(
        self,
        number: int,
        body: dict[str, Any],
        kind: str,
        *,
        private: bool,
        files: Sequence[tuple[str | None, bytes]] = (),
    ) -> dict[str, Any]:
        if number not in self.conversations:
            raise HTTPException(404)
        if not body.get("content") and not files:
            raise HTTPException(422)
        messages = self.conversations[number]["messages"]
        messages.append(
            {"content": body["content"], "type": kind, "private": private, "files": list(files)}
        )
        return {"id": len(messages), "content": body["content"], "conversation_id": number}


def message_created(
    number: int,
    message: int,
    text: str,
    name: str = "Mia",
    *,
    private: bool = False,
    kind: str = "outgoing",
    files: Sequence[str] = (),
) -> dict[str, Any]:
    """A webhook call as documented for ``message_created``."""
    return {
        "event": "message_created",
        "id": message,
        "content": text,
        "created_at": "2026-11-22T10:00:00.000Z",
        "message_type": kind,
        "content_type": "text",
        "content_attributes": {},
        "source_id": None,
        "attachments": [
            {"id": n, "message_id": message, "file_type": "image", "account_id": ACCOUNT,
             "extension": None, "data_url": url, "thumb_url": url, "file_size": 1}
            for n, url in enumerate(files)
        ],
        "private": private,
        "sender": {"id": 5, "name": name, "email": "mia@example.com", "type": "user"},
        "inbox": {"id": 7, "name": "Yingda"},
        "conversation": {
            "additional_attributes": None, "channel": "Channel::Api", "id": number, "inbox_id": 7,
            "status": "open", "agent_last_seen_at": 0, "contact_last_seen_at": 0, "timestamp": 0,
        },
        "account": {"id": ACCOUNT, "name": "Shop"},
    }  # fmt: skip


def status_changed(number: int, status: str) -> dict[str, Any]:
    """A webhook call as documented for ``conversation_status_changed``."""
    return {
        "event": "conversation_status_changed",
        "id": number,
        "inbox_id": 7,
        "channel": "Channel::Api",
        "status": status,
        "changed_attributes": [{"status": {"previous_value": "open", "current_value": status}}],
    }
