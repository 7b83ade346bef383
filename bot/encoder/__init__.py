"""Sentence vectors: one space for Chinese and English, served without torch."""

from bot.encoder.base import Encoder, EncoderError
from bot.encoder.loading import load_encoder, served_folder

__all__ = ["Encoder", "EncoderError", "load_encoder", "served_folder"]
