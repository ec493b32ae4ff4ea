"""The part of the client that every call runs through, whatever the operation. Import `mantago` instead of it."""
