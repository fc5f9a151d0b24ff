"""Wire forms of the Virtual Observatory, and nothing else: words and numbers in, XML or text out, and back."""
