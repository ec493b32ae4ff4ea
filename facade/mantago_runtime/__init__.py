"""What happens to every call of a client, whatever the operation. Import `mantago` instead of this package."""
