"""One file per step; its name begins with the four digits of its revision."""
