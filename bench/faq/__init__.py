"""How well the FAQ is found: leave-one-out over its own phrasings, and questions written blind."""
