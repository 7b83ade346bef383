"""Chatwoot on the wire, after its API reference: the client API of one inbox, notes and statuses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI, HTTPException, Request

INBOX, TOKEN, ACCOUNT = "inbox-1", "secret-token", 3


@dataclass
class FakeChatwoot:
    """Keeps contacts and conversations; ``down`` answers 503 to everything."""

    contacts: dict[str, str] = field(default_factory=dict)
    conversations: dict[int, dict[str, Any]] = field(default_factory=dict)
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
            inbox: str, source: str, number: int, body: dict[str, Any]
        ) -> dict[str, Any]:
            return self._add(number, body, "incoming", private=False)

        @app.post(conversations + "/{number}/messages")
        async def message(number: int, body: dict[str, Any]) -> dict[str, Any]:
            return self._add(number, body, body["message_type"], private=body.get("private", False))

        @app.post(conversations + "/{number}/toggle_status")
        async def status(number: int, body: dict[str, Any]) -> dict[str, Any]:
            self.conversations[number]["status"] = body["status"]
            return {"payload": {"success": True, "current_status": body["status"]}}

        return app

    def _add(
        self, number: int, body: dict[str, Any], kind: str, *, private: bool
    ) -> dict[str, Any]:
        if number not in self.conversations:
            raise HTTPException(404)
        if not body.get("content"):
            raise HTTPException(422)
        messages = self.conversations[number]["messages"]
        messages.append({"content": body["content"], "type": kind, "private": private})
        return {"id": len(messages), "content": body["content"], "conversation_id": number}


def message_created(
    number: int,
    message: int,
    text: str,
    name: str = "Mia",
    *,
    private: bool = False,
    kind: str = "outgoing",
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
