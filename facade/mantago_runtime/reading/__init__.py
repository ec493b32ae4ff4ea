"""How answers are read into models, and models written for requests."""
