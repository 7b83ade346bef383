"""What a customer meant to type: pinyin, homophones and slips are read as the shop's own words."""

from bot.spelling.speller import Speller

__all__ = ["Speller"]
