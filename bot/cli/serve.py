"""``yingda serve``: the app alone, for those who supervise the engine themselves."""

from __future__ import annotations


def serve() -> None:
    """Run the app (channels, actions, desk). The engine must run beside it: see 'yingda up'.

    Example:

        YINGDA_PORT=9000 yingda serve
    """
    import uvicorn

    from bot.cli.wiring import build_app
    from bot.logs import configure_logs
    from bot.settings import Settings

    settings = Settings()
    configure_logs(settings)
    uvicorn.run(
        build_app(settings),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        # Longer than the engine keeps an idle connection (15 s), or it may use one just closed.
        timeout_keep_alive=75,
        # A widget keeps its connection open for ever; do not wait for it when stopping.
        timeout_graceful_shutdown=3,
    )
