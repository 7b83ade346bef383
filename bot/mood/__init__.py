"""How upset a customer is: a small model over the encoder's vectors, and what several turns add up to."""

from bot.mood.model import ANGRY, Mood, MoodError, load_mood, temper

__all__ = ["ANGRY", "Mood", "MoodError", "load_mood", "temper"]
