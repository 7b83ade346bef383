"""``yingda encoder``: serve with another sentence encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The sentence encoder.", no_args_is_help=True)


@app.callback()
def encoder() -> None:
    """The sentence encoder: which model turns messages into vectors."""


@app.command()
def use(
    name: Annotated[str, typer.Argument(help="Name or folder of a sentence-transformers model.")],
    train: Annotated[bool, typer.Option(help="Train the engine's model with it.")] = True,
) -> None:
    """Derive the served file of an encoder and rebuild what depends on it.

    Derives the ONNX file, trains the engine's model and says what is left to do: the setting
    YINGDA_ENCODER, and the FAQ's calibration if it was fitted with another encoder. The FAQ's
    vectors are built anew by themselves.

    Examples:

        yingda encoder use models/encoder
        yingda encoder use sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2
    """
    from bot.cli.train import train_engine
    from bot.encoder import EncoderError, load_encoder, served_folder
    from bot.encoder.export import export
    from bot.faq.calibration import FILE_NAME, load_calibration
    from bot.faq.errors import CalibrationError
    from bot.settings import Settings

    settings = Settings()
    # A public name has no folder of its own, so its derived file lies beside ours.
    out = served_folder(Path(name) if Path(name).is_dir() else Path("models") / Path(name).name)
    try:
        written = export(name, settings.root / out)
        chosen = name if Path(name).is_dir() else str(out)
        encoder = load_encoder(str(settings.root / chosen))
    except (EncoderError, OSError, ValueError) as error:
        typer.echo(
            f"Expected the name or folder of a sentence-transformers model, got {name!r}: {error}",
            err=True,
        )
        raise typer.Exit(1) from error
    typer.echo(
        f"{'Wrote' if written else 'Up to date:'} {out} "
        f"({encoder.dimension} dimensions, {encoder.fingerprint})"
    )
    if train and not train_engine(settings.model_copy(update={"encoder": chosen})):
        typer.echo(f"Training failed, see {settings.var / 'logs/train.log'}.", err=True)
        raise typer.Exit(1)
    if settings.encoder != chosen:
        typer.echo(f"Set YINGDA_ENCODER={chosen} so that it is used.")
    try:
        load_calibration(settings.faq_folder / FILE_NAME, encoder.fingerprint)
    except CalibrationError:
        typer.echo(
            "The FAQ's scores belong to another encoder. Run: "
            f"YINGDA_ENCODER={chosen} yingda faq fit"
        )
