"""Teams: who answers what, read from the file of the opening hours."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML

from bot.desk.catalogue import CatalogueError, Words
from bot.language import Language


class Team(Words):
    """People with the same skills.

    ``topics`` are reasons of a hand-off or intents of domain.yml; without any the team takes
    everything. ``members`` are logins; without any everybody belongs to it. ``partner`` names the
    company when the people are not the shop's own.
    """

    languages: tuple[Language, ...] = ("zh", "en")
    topics: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    partner: str | None = None

    def has(self, login: str) -> bool:
        """Tell whether somebody belongs to the team."""
        return not self.members or login in self.members


def load_teams(path: Path) -> dict[str, Team]:
    """Return the teams by their id, in the file's order; raises ``CatalogueError``."""
    data = YAML(typ="safe").load(path.read_text("utf-8")) or {}
    try:
        return TypeAdapter(dict[str, Team]).validate_python(
            {
                # bot.desk.hours reads them.
                name: {key: value for key, value in team.items() if key != "hours"}
                for name, team in (data.get("teams") or {}).items()
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise CatalogueError(f"{path}: teams.{place}: {first['msg']}") from error


def team_for(
    teams: Mapping[str, Team], language: Language | None, topics: Collection[str]
) -> str | None:
    """Return the team for a conversation: one of its topic before one that takes everything.

    Without a team that speaks the language, one that fits otherwise; ``None`` when there are no teams.
    """
    ranked = sorted(
        teams.items(),
        key=lambda item: (
            not set(item[1].topics) & set(topics),
            bool(item[1].topics),
            language is not None and language not in item[1].languages,
        ),
    )
    return ranked[0][0] if ranked else None
