"""The website widget over Socket.IO."""
