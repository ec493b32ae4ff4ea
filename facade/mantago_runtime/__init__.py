"""What happens to every call of a client; knows no operation. Not for use by itself: import `mantago`."""
