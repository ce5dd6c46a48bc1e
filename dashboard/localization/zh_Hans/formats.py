"""Where people in the field write otherwise than Django's own formats of this language say."""

NUMBER_GROUPING = 3
"""Thousands, as in English and in every chart; Django groups by ten thousands."""
