"""WeCom's HTTP API: as WeChat's, with a token of its own kind ("获取access_token", developer.work.weixin.qq.com)."""

from __future__ import annotations

from datetime import timedelta
from enum import IntEnum
from typing import Any

from connectors.wechat.api import WeChatApi


class ServiceState(IntEnum):
    """Who has a session ("分配客服会话")."""

    NEW = 0
    ASSISTANT = 1
    POOL = 2
    PERSON = 3
    ENDED = 4


class WeComApi(WeChatApi):
    """Calls of one enterprise; ``app_id`` is its CorpID."""

    _platform = "wecom"
    # Until it expires WeCom gives the same token again, so there is nothing to fetch early.
    _early = timedelta(0)

    async def _ask_token(self, force: bool) -> dict[str, Any]:
        chosen = {"corpid": self._app_id, "corpsecret": self._secret}
        request = self._http.build_request("GET", "/cgi-bin/gettoken", params=chosen)
        return await self._answer(request)

    async def state(self, account: str, customer: str) -> ServiceState:
        """Return who has the session of a customer with a service account.

        Raises:
            WeChatError: when WeCom refuses or does not answer.
        """
        whom = {"open_kfid": account, "external_userid": customer}
        answer = await self.post("/cgi-bin/kf/service_state/get", whom)
        return ServiceState(int(answer["service_state"]))

    async def put_into_pool(self, account: str, customer: str) -> None:
        """Let the session wait for a person in WeCom.

        Raises:
            WeChatError: when WeCom refuses or does not answer.
        """
        whom = {"open_kfid": account, "external_userid": customer}
        await self.post(
            "/cgi-bin/kf/service_state/trans", {**whom, "service_state": ServiceState.POOL.value}
        )
