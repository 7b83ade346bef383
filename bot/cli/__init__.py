"""The ``yingda`` command. One sub-command per file; heavy imports happen inside the commands."""

from __future__ import annotations

import typer

from bot.cli import (
    chat,
    db,
    demo,
    desk,
    doctor,
    faq_files,
    orders,
    rasa,
    report,
    serve,
    settings,
    train,
    understand,
    up,
)
from bot.cli.encoder import app as encoder_app
from bot.cli.eval import app as eval_app
from bot.cli.faq import app as faq_app

app = typer.Typer(
    name="yingda",
    help="First-line customer support in Chinese and English.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)
app.command("up")(up.up)
app.command("serve")(serve.serve)
app.command("chat")(chat.chat)
app.command("understand")(understand.understand)
app.command("train")(train.train)
app.command(
    "rasa",
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "help_option_names": [],
    },
)(rasa.rasa)
app.command("doctor")(doctor.doctor)
app.command("settings")(settings.settings)
app.add_typer(desk.app, name="desk")
app.add_typer(report.app, name="report")
app.add_typer(db.app, name="db")
app.add_typer(orders.app, name="orders")
app.add_typer(demo.app, name="demo")
app.add_typer(encoder_app, name="encoder")
app.add_typer(eval_app, name="eval")
faq_app.command("import")(faq_files.import_)
faq_app.command("export")(faq_files.export)
faq_app.command("new")(faq_files.new)
app.add_typer(faq_app, name="faq")
