"""How days are written for patients; Django's own formats stay as they are."""

DAY_FORMAT = "l j F"  # as a heading
DAY_IN_A_SENTENCE_FORMAT = "l j F"
DAY_OF_MONTH_FORMAT = "j F"
DAY_AND_TIME_FORMAT = "l j F, H:i"
DATE_IN_A_SENTENCE_FORMAT = "j F Y"
DAY_OF_WEEK_FORMAT = "D"
