"""The host loops, each once: generators that say what is to be done, and the two hosts that do it."""
