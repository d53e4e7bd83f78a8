"""How days are written for patients; Django's own formats stay as they are."""

DAY_FORMAT = r"l j \d\e F"  # as a heading
DAY_IN_A_SENTENCE_FORMAT = r"l j \d\e F"
DAY_OF_MONTH_FORMAT = r"j \d\e F"
DAY_AND_TIME_FORMAT = r"l j \d\e F, H:i"
DATE_IN_A_SENTENCE_FORMAT = r"j \d\e F \d\e Y"
DAY_OF_WEEK_FORMAT = "D"
