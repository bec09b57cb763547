"""Scripts that are written without blanks between words, as ranges for classes of regular expressions."""

CJK = "\u3005-\u3007\u3040-\u30fa\u30fc-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
"""Chinese, Japanese and Korean characters. Korean has blanks, but where they stand varies."""
SOUTH_EAST_ASIAN = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
"""Thai, Lao, Burmese and Khmer letters, with the marks above and below them."""
UNSPACED = CJK + SOUTH_EAST_ASIAN
