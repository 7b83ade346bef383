"""The desk: what people need to take over from the bot, whichever page shows it."""
