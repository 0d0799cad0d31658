"""Slides for the lecture, from the same masters: reveal.js decks that need no other host."""
