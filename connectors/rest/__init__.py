"""A channel for programs, compatible with Rasa's REST channel."""
