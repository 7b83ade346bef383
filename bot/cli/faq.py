"""``yingda faq``: placeholder while the real one is being written."""
import typer
app = typer.Typer()
@app.command()
def check() -> None: ...
@app.command()
def test() -> None: ...
