"""Where people in the field write otherwise than Django's own formats of this language say."""

# Thousands, as in English and in every chart; Django leaves Chinese numbers in one piece.
THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
