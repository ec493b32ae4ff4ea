"""What happens to every call; knows no operation."""
