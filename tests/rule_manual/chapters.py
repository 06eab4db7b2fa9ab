"""The manual of rules in the order in which it is read."""

from rule_manual.answers import CHOICES, DAYS, THREE_ANSWERS
from rule_manual.counting import AMOUNTS, NUMBERS, PARAMETERS, ROWS
from rule_manual.refused import REFUSED

CHAPTERS = (THREE_ANSWERS, CHOICES, DAYS, NUMBERS, ROWS, PARAMETERS, AMOUNTS, REFUSED)
