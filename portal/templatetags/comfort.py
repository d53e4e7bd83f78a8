"""How the page is to look on this phone; each filter takes the request."""

from django import template

from portal import comfort

register = template.Library()

register.filter("text_size", comfort.text_size)
register.filter("contrast", comfort.contrast)
