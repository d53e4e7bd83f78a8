"""What patients read that is put together from numbers and closed lists."""

from django import template

from portal.player import player_words
from prescriptions import wording

register = template.Library()

register.filter("dosage", wording.dosage_in_words)
register.filter("plain_words", wording.load_in_words)
register.filter("pain", wording.pain_in_words)
register.simple_tag(player_words)
