"""The people who work with Yingda: who they are, what they may do, how they sign in."""
